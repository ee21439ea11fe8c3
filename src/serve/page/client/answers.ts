/** What `POST /predict` says of one photo: `images` of the document of `predict --json`. */
export interface ImageAnswer {
  readonly top: readonly { readonly class: string; readonly probability: number }[];
  /** Where the predicted class, won by votes, is less probable than this one. */
  readonly mostProbable?: { readonly class: string; readonly probability: number };
  /** The predicted class first; holds the true class as often as `coverage` says. */
  readonly set?: readonly string[];
  /** The only class of the set; null if it holds more. */
  readonly answer?: string | null;
  readonly unlike?: boolean;
  readonly like?: readonly { readonly id: string; readonly label: string; readonly similarity: number }[];
  readonly evidence?: {
    readonly class: string;
    readonly map: readonly (readonly number[])[];
    readonly png?: string;
  };
}

export interface HeadAnswer {
  readonly head: string;
  readonly images: readonly ImageAnswer[];
  readonly failed: readonly { readonly reason: string }[];
}

export interface ServedHead {
  readonly head: string;
  readonly model: string;
  readonly accuracy: number;
  readonly classes: readonly string[];
  /** What it cannot say, and why. */
  readonly without: { readonly set?: string; readonly like?: string; readonly evidence?: string };
}

export const coverage = 0.95;

/** The server wants a token, or another one. */
export class TokenWanted extends Error {}

let token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';

/** Kept in this page alone: closing it forgets the token. */
export function useToken(given: string): void {
  token = given;
}

export async function servedHeads(): Promise<readonly ServedHead[]> {
  const response = await ask('classes', {});
  if (!response.ok) throw new Error(await reasonOf(response));
  const { heads } = (await response.json()) as { readonly heads: readonly ServedHead[] };
  return heads;
}

/** All answers that at least one of the heads can give; the server refuses others. */
export function questionFor(heads: readonly ServedHead[]): string {
  const any = (field: keyof ServedHead['without']): boolean =>
    heads.some(({ without }) => without[field] === undefined);
  const query = new URLSearchParams();
  if (any('set')) query.set('coverage', String(coverage));
  if (any('set')) query.set('abstain', 'true');
  if (any('like')) query.set('unlike', 'true');
  if (any('like') || any('evidence')) query.set('why', 'true');
  if (any('evidence')) query.set('overlay', 'true');
  return `predict?${query}`;
}

/**
 * One answer for each head, in their order.
 *
 * @param question from `questionFor`
 */
export async function classify(photo: Blob, question: string): Promise<readonly HeadAnswer[]> {
  for (;;) {
    const response = await ask(question, {
      method: 'POST',
      body: photo,
      headers: { 'content-type': 'application/octet-stream' },
    });
    if (response.status === 503) {
      await pause(Number(response.headers.get('retry-after') ?? 1) * 1000);
      continue;
    }
    if (!response.ok && response.status !== 422) throw new Error(await reasonOf(response));
    const answer = (await response.json()) as HeadAnswer | { readonly heads: readonly HeadAnswer[] };
    return 'heads' in answer ? answer.heads : [answer];
  }
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  if (token !== '') headers.set('authorization', `Bearer ${token}`);
  const response = await fetch(path, { ...init, headers });
  if (response.status === 401) throw new TokenWanted();
  return response;
}

async function reasonOf(response: Response): Promise<string> {
  const { error } = (await response.json().catch(() => ({}))) as { readonly error?: string };
  return error ?? `the server answered with status ${response.status}`;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What `POST /predict` answers for one photo and one head: the document of `predict --json`. */
export interface HeadAnswer {
  readonly head: string;
  readonly images: readonly { readonly top: readonly { readonly class: string; readonly probability: number }[] }[];
  readonly failed: readonly { readonly reason: string }[];
}

export interface ServedHeads {
  readonly heads: readonly {
    readonly head: string;
    readonly model: string;
    readonly accuracy: number;
    readonly classes: readonly string[];
  }[];
}

/** The server wants a token, or another one. */
export class TokenWanted extends Error {}

let token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';

/** Kept in this page alone: closing it forgets the token. */
export function useToken(given: string): void {
  token = given;
}

export async function servedHeads(): Promise<ServedHeads> {
  const response = await ask('classes', {});
  if (!response.ok) throw new Error(await reasonOf(response));
  return (await response.json()) as ServedHeads;
}

/** One answer for each head, in their order. */
export async function classify(photo: Blob): Promise<readonly HeadAnswer[]> {
  for (;;) {
    const response = await ask('predict', {
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

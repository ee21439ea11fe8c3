import { usualCoverage } from '../../metrics/conformal.kernel.ts';
import { HttpError } from './http-error.ts';

/** What a request wants to know of its photos. */
export interface Asked {
  /** Classes of each. */
  readonly top: number;
  /** Of the set of classes; undefined if no set is wanted. */
  readonly coverage: number | undefined;
  /** One class, or none. */
  readonly abstain: boolean;
  readonly unlike: boolean;
  /** The nearest training photos, and where the evidence lies. */
  readonly why: boolean;
  /** The evidence drawn over the photo. */
  readonly overlay: boolean;
}

const names = ['top', 'coverage', 'abstain', 'unlike', 'why', 'overlay'];

/**
 * Reads the query of a request.
 *
 * @param usualTop classes of a photo where the query does not say
 * @throws HttpError 400
 */
export function readAsked(query: unknown, usualTop: number): Asked {
  const given = new Map<string, unknown>(Object.entries(query as object));
  const unknown = [...given.keys()].find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new HttpError(400, `${JSON.stringify(unknown)} is not a parameter: expected ${names.join(', ')}`);
  }
  const abstain = flag(given, 'abstain');
  return {
    top: top(given.get('top')) ?? usualTop,
    coverage: coverage(given.get('coverage')) ?? (abstain ? usualCoverage : undefined),
    abstain,
    unlike: flag(given, 'unlike'),
    why: flag(given, 'why'),
    overlay: flag(given, 'overlay'),
  };
}

function top(text: unknown): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (typeof text === 'string' && Number.isSafeInteger(count) && count >= 1) return count;
  throw wrong('top', text, 'a whole number from 1');
}

function coverage(text: unknown): number | undefined {
  if (text === undefined) return undefined;
  const share = Number(text);
  if (typeof text === 'string' && share > 0 && share <= 0.9999) return share;
  throw wrong('coverage', text, 'a share above 0 and up to 0.9999');
}

function flag(given: ReadonlyMap<string, unknown>, name: string): boolean {
  const text = given.get(name);
  if (text === undefined || text === 'false') return false;
  if (text === 'true') return true;
  throw wrong(name, text, 'true or false');
}

function wrong(name: string, found: unknown, expected: string): HttpError {
  return new HttpError(400, `${name} is ${JSON.stringify(found)}: expected ${expected}`);
}

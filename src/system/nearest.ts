import { closestMatch } from 'leven';

/** The name nearest to a mistyped one; undefined if none is near. */
export function nearestName(typed: string, names: readonly string[]): string | undefined {
  // A transposition counts as two edits: `smv` and `svm` differ by two.
  const maxDistance = Math.min(3, Math.ceil(typed.length / 2));
  const lower = names.map((name) => name.toLowerCase());
  const closest = closestMatch(typed.toLowerCase(), lower, { maxDistance });
  return closest === undefined ? undefined : names[lower.indexOf(closest)];
}

import { closestMatch } from 'leven';

/** The name that a mistyped one was probably meant to be; undefined if none is near. */
export function nearestName(typed: string, names: readonly string[]): string | undefined {
  // Two letters that changed places count as two edits: `smv` is two from `svm`.
  const maxDistance = Math.min(3, Math.ceil(typed.length / 2));
  const lower = names.map((name) => name.toLowerCase());
  const closest = closestMatch(typed.toLowerCase(), lower, { maxDistance });
  return closest === undefined ? undefined : names[lower.indexOf(closest)];
}

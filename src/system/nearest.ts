import { closestMatch } from 'leven';

/** The name nearest to a mistyped one; undefined if none is near. */
export function nearestName(typed: string, names: readonly string[]): string | undefined {
  // A transposition counts as two edits: `smv` and `svm` differ by two.
  const maxDistance = Math.min(3, Math.ceil(typed.length / 2));
  const lower = names.map((name) => name.toLowerCase());
  const closest = closestMatch(typed.toLowerCase(), lower, { maxDistance });
  return closest === undefined ? undefined : names[lower.indexOf(closest)];
}

/** The name that starts like a mistyped one: `knm` for `knn-cosine-f113d245`; undefined if none does. */
export function sameBeginning(typed: string, names: readonly string[]): string | undefined {
  const shared = (name: string): number => {
    let count = 0;
    while (count < name.length && name[count]?.toLowerCase() === typed[count]?.toLowerCase()) count++;
    return count;
  };
  const [best] = [...names].sort((a, b) => shared(b) - shared(a) || (a < b ? -1 : 1));
  return best !== undefined && shared(best) >= 2 ? best : undefined;
}

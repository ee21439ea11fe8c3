import { valueAt } from '../../../system/at.ts';
import { withoutExtension } from './image-names.ts';

/**
 * Ids are paths without extension. If two files would share one (a.jpg, a.png), they keep their extensions; if that is
 * not enough (two Unicode forms of é; a.jpg.jpg), their paths.
 */
export function idsOf(paths: readonly string[]): readonly string[] {
  const short = paths.map((path) => withoutExtension(path).normalize('NFC'));
  const shared = repeated(short);
  let ids = short.map((id, i) => (shared.has(id) ? valueAt(paths, i).normalize('NFC') : id));
  // Terminates, since each round turns at least one more id into its unique path.
  for (let round = 0; round <= paths.length; round++) {
    const clashes = repeated(ids);
    const next = ids.map((id, i) => (clashes.has(id) ? valueAt(paths, i) : id));
    if (next.every((id, i) => id === ids[i])) return ids;
    ids = next;
  }
  return ids;
}

function repeated(ids: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) twice.add(id);
    seen.add(id);
  }
  return twice;
}

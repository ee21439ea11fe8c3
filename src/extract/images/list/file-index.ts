import { valueAt } from '../../../system/at.ts';
import { withoutExtension } from './image-names.ts';

/**
 * Finds the images of a table's ids: by name or path, with or without extension, relative to any parent folder; in
 * Unicode's NFC, because some file systems decompose names; with either slash; and if nothing else matches, ignoring
 * case.
 */
export class FileIndex {
  readonly #paths: readonly string[];
  readonly #byStem: Map<string, number | number[]>;
  #folded: Map<string, number | number[]> | undefined;

  /** @param paths with forward slashes */
  constructor(paths: readonly string[]) {
    this.#paths = paths;
    this.#byStem = mapOf(paths, (name) => name);
  }

  /** Indices of the images matching an id: none, one, or several equally good. */
  find(id: string): readonly number[] {
    // The common case: a bare name that only one image has.
    const usual = this.#byStem.get(id);
    if (typeof usual === 'number') return [usual];
    const plain = id
      .normalize('NFC')
      .replaceAll('\\', '/')
      .replace(/^(?:\.?\/)+/, '');
    const exact = this.#among(this.#byStem, plain, (text) => text);
    if (exact.length > 0) return exact;
    this.#folded ??= mapOf(this.#paths, fold);
    return this.#among(this.#folded, fold(plain), fold);
  }

  #among(map: ReadonlyMap<string, number | number[]>, id: string, form: (text: string) => string): readonly number[] {
    const name = id.slice(id.lastIndexOf('/') + 1);
    for (const key of new Set([name, withoutExtension(name)])) {
      const found = map.get(key);
      if (found === undefined) continue;
      const places = typeof found === 'number' ? [found] : found;
      const fitting = places.filter((place) =>
        fits(form(valueAt(this.#paths, place).normalize('NFC')), id, key === name),
      );
      if (fitting.length > 0) return closest(fitting, this.#paths, id, form);
    }
    return [];
  }
}

function fold(text: string): string {
  return text.toLowerCase();
}

function mapOf(paths: readonly string[], form: (name: string) => string): Map<string, number | number[]> {
  const map = new Map<string, number | number[]>();
  for (const [place, path] of paths.entries()) {
    const key = form(withoutExtension(path.slice(path.lastIndexOf('/') + 1)).normalize('NFC'));
    const there = map.get(key);
    if (there === undefined) map.set(key, place);
    else if (typeof there === 'number') map.set(key, [there, place]);
    else there.push(place);
  }
  return map;
}

/** Whether a path matches an id, as far as both have folders; an extension in the id must match. */
function fits(path: string, id: string, isStem: boolean): boolean {
  const own = isStem ? withoutExtension(path) : path;
  if (!isStem && !sameExtension(path, id)) return false;
  const [a, b] = isStem ? [own, id] : [withoutExtension(path), withoutExtension(id)];
  return a === b || a.endsWith(`/${b}`) || b.endsWith(`/${a}`);
}

/** `.jpg` in the table and `.png` on disk: a converted folder. The names decide. */
function sameExtension(path: string, id: string): boolean {
  return withoutExtension(id) !== id && withoutExtension(path) !== path;
}

/** Among several matches, those with exactly the id's extension and path. */
function closest(
  places: readonly number[],
  paths: readonly string[],
  id: string,
  form: (text: string) => string,
): readonly number[] {
  if (places.length === 1) return places;
  const whole = places.filter((place) => {
    const path = form(valueAt(paths, place).normalize('NFC'));
    return path === id || path.endsWith(`/${id}`);
  });
  return whole.length > 0 ? whole : places;
}

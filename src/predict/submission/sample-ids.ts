import { UserError } from '../../system/errors.ts';

/** A file extension of 2 to 4 letters or digits. */
const extension = /\.[A-Za-z][A-Za-z0-9]{1,3}$/;

/**
 * Finds the sample's id for an image's path: with or without folder, with or without extension. The longest match wins.
 */
export class SampleIds {
  readonly #exact = new Map<string, string>();
  /** Ids by name without extension; undefined if ambiguous. */
  readonly #stems = new Map<string, string | undefined>();

  constructor(ids: readonly string[]) {
    for (const id of ids) {
      const plain = plainPath(id);
      this.#exact.set(plain, id);
      const stem = plain.replace(extension, '');
      this.#stems.set(stem, this.#stems.has(stem) && this.#stems.get(stem) !== id ? undefined : id);
    }
  }

  /** The best matching id; undefined if none matches. */
  idOf(path: string): string | undefined {
    const parts = plainPath(path).split('/');
    for (let from = 0; from < parts.length; from++) {
      const tail = parts.slice(from).join('/');
      const stem = tail.replace(extension, '');
      const id = this.#exact.get(tail) ?? this.#exact.get(stem) ?? this.#stems.get(stem);
      if (id !== undefined) return id;
    }
    return undefined;
  }
}

/** @throws UserError listing up to ten ids without a row */
export function checkAllAnswered(
  file: string,
  ids: readonly string[],
  written: ReadonlySet<string>,
  failed: readonly { readonly path: string; readonly reason: string }[],
): void {
  const lacking = ids.filter((id) => !written.has(id));
  if (lacking.length === 0) return;
  const reasons = failed.slice(0, 3).map(({ path, reason }) => `${path}: ${reason}`);
  const more = lacking.length > 10 ? `, and ${lacking.length - 10} more` : '';
  throw new UserError({
    what: `${lacking.length} of the ${ids.length} ids of the sample submission have no image, and no file was written`,
    where: file,
    found: [`no row for ${lacking.slice(0, 10).join(', ')}${more}`, ...reasons].join('; '),
    expected: 'one image for each id',
    fix: 'name the folders of all test images; a contest refuses a submission that lacks rows',
  });
}

function plainPath(path: string): string {
  return path
    .trim()
    .replaceAll('\\', '/')
    .replace(/^(?:\.\/)+/, '');
}

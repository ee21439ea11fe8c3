import { valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { isPlural } from './column-names.ts';

/** Checks that every label of a table is a single class, not several and not a measurement. */
export class LabelChecks {
  readonly #isPlural: boolean;
  readonly #counts = new Map<string, number>();
  /** Labels that look like several, with their first id. */
  readonly #joined = new Map<string, string>();
  #several = 0;
  #firstSeveral = '';
  #rows = 0;

  /** @param columns names of the columns of labels */
  constructor(columns: readonly string[]) {
    this.#isPlural = columns.length === 1 && isPlural(valueAt(columns, 0));
  }

  /** The label of a row; undefined if a one-hot row has none. Several are noted. */
  label(id: string, cells: readonly string[], names: readonly string[]): string | undefined {
    this.#rows++;
    let label: string | undefined;
    if (names.length === 1) label = valueAt(cells, 0);
    else {
      const ones = names.filter((_, i) => Number(cells[i]) === 1);
      if (ones.length > 1) this.#noteSeveral(`${id}: ${ones.join(', ')}`);
      label = ones[0];
    }
    if (label === undefined || label === '') return undefined;
    if (/^\[.*,.*\]$/.test(label)) this.#noteSeveral(`${id}: ${label}`);
    else if (/[\s,;|]/.test(label) && !this.#joined.has(label)) this.#joined.set(label, id);
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + 1);
    return label;
  }

  #noteSeveral(text: string): void {
    this.#several++;
    if (this.#firstSeveral === '') this.#firstSeveral = text;
  }

  /** @throws UserError if labels are lists of classes, or measurements */
  finish(where: string): void {
    for (const [label, id] of this.#joined) {
      if (!this.#isSeveral(label)) continue;
      this.#several += (this.#counts.get(label) ?? 1) - 1;
      this.#noteSeveral(`${id}: ${label}`);
    }
    if (this.#several > 0) {
      throw new UserError({
        what: 'some images have several labels, and multi-label classification is not supported',
        where,
        found: `${this.#several} of ${this.#rows} rows with several labels; the first: ${this.#firstSeveral}`,
        expected: 'one label for each image',
        fix: 'keep one of them, or make each combination a label of its own (scab_rust, without a space)',
      });
    }
    const values = [...this.#counts.keys()];
    const isNumeric = values.every((value) => /^-?\d*\.?\d+(?:e[+-]?\d+)?$/i.test(value));
    const fractions = isNumeric ? values.filter((value) => !Number.isInteger(Number(value))) : [];
    if (fractions.length === 0) return;
    throw new UserError({
      what: 'these look like measurements: regression is not supported',
      where,
      found: `${values.length} different numbers, such as ${fractions.slice(0, 3).join(', ')}`,
      expected: 'classes',
      fix: '--label-column NAME takes another column; or put the numbers into classes first (pandas.cut), with names that are no fractions',
    });
  }

  /** Whether a label consists of other labels; if separated by spaces, all parts must be labels. */
  #isSeveral(label: string): boolean {
    const marked = label.split(/[,;|]/).map((part) => part.trim());
    if (marked.length > 1) return marked.some((part) => this.#counts.has(part)) || this.#isPlural;
    const words = label.split(/\s+/);
    const known = words.filter((word) => this.#counts.has(word)).length;
    return known === words.length || (this.#isPlural && known > 0);
  }
}

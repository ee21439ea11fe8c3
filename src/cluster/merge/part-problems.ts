import { join } from 'node:path';
import { UserError } from '../../system/errors.ts';
import { arrayExpression } from '../plan/array-expression.ts';
import { partsFolder } from '../records/layout.ts';

/** What keeps a part from being merged. */
export interface PartProblem {
  readonly part: number;
  readonly what: string;
}

/** Problems that a message spells out before the rest is only counted. */
const shownProblems = 10;

/** Some parts are missing or not as they should be; all of them are named, and the others stay as they are. */
export class PartsMissingError extends UserError {
  readonly missing: readonly number[];
  readonly damaged: readonly PartProblem[];
  /** The parts to run again, as Slurm's `--array` takes them. */
  readonly array: string;

  constructor(set: string, count: number, missing: readonly number[], damaged: readonly PartProblem[]) {
    const parts = [...missing, ...damaged.map(({ part }) => part)].sort((a, b) => a - b);
    const array = arrayExpression(parts);
    const shown = damaged.slice(0, shownProblems).map(({ part, what }) => `part ${part}: ${what}`);
    const more = damaged.length - shown.length;
    super({
      what: `${parts.length} of ${count} parts ${parts.length === 1 ? 'is' : 'are'} missing or incomplete`,
      where: join(set, partsFolder),
      found: [
        ...(missing.length === 0 ? [] : [`missing: ${arrayExpression(missing)}`]),
        ...shown,
        ...(more === 0 ? [] : [`and ${more} more`]),
      ].join('\n            '),
      expected: `parts 0 to ${count - 1}, each complete`,
      fix: `run these again: --array=${array}`,
    });
    this.missing = missing;
    this.damaged = damaged;
    this.array = array;
  }
}

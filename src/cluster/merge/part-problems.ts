import { join } from 'node:path';
import { UserError } from '../../system/errors.ts';
import { arrayExpression } from '../plan/array-expression.ts';
import { partsFolder } from '../records/layout.ts';

/** Why a part cannot be merged. */
export interface PartProblem {
  readonly part: number;
  readonly what: string;
}

/** Problems listed in a message; the rest is counted. */
const shownProblems = 10;

/** Some parts are missing or invalid. All of them are listed; the others are unchanged. */
export class PartsMissingError extends UserError {
  readonly missing: readonly number[];
  readonly damaged: readonly PartProblem[];
  /** The parts to run again, in the form of Slurm's `--array`. */
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
      ].join('\n'),
      expected: `parts 0 to ${count - 1}, each complete`,
      fix: `run these again: --array=${array}`,
    });
    this.missing = missing;
    this.damaged = damaged;
    this.array = array;
  }
}

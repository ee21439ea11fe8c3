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
      what: `${parts.length} of ${count} parts ${parts.length === 1 ? 'is' : 'are'} missing or not whole`,
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

/** Thrown while parts are read: which of them it is about. */
export class PartError extends Error {
  readonly problem: PartProblem;

  constructor(part: number, what: string) {
    super(`part ${part}: ${what}`);
    this.problem = { part, what };
  }
}

/** Runs work on a part's files; what the user could mend in them is told of the part. */
export function ofPart<T>(part: number, work: () => T): T {
  try {
    const result = work();
    return (result instanceof Promise ? result.catch((error) => rethrow(part, error)) : result) as T;
  } catch (error) {
    return rethrow(part, error);
  }
}

function rethrow(part: number, error: unknown): never {
  if (!(error instanceof UserError)) throw error;
  const { what, where } = error.parts;
  throw new PartError(part, where === undefined ? what : `${what}: ${where}`);
}

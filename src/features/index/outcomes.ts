import { UserError } from '../../system/errors.ts';
import type { OutcomeCounts } from '../manifest/manifest.ts';
import { csvBlocks, csvLine, parseCsv } from './csv.ts';

/** Why an input has no row of its own. */
export type OutcomeKind = 'duplicate' | 'missing' | 'unreadable' | 'failed' | 'left-out';

const outcomeKinds: readonly OutcomeKind[] = ['duplicate', 'missing', 'unreadable', 'failed', 'left-out'];

/** One line of outcomes.csv. */
export interface Outcome {
  /** Empty for a file that was left out: it is not an input. */
  readonly id: string;
  /** Relative to the data folder; empty for a missing one. */
  readonly path: string;
  readonly outcome: OutcomeKind;
  /** Row of the image that it duplicates. */
  readonly row?: number;
  readonly reason: string;
}

const header = ['id', 'path', 'outcome', 'row', 'reason'];

export function* formatOutcomes(outcomes: Iterable<Outcome>): Generator<Uint8Array> {
  yield* csvBlocks(outcomeLines(outcomes));
}

function* outcomeLines(outcomes: Iterable<Outcome>): Generator<string> {
  yield csvLine(header);
  for (const { id, path, outcome, row, reason } of outcomes) {
    yield csvLine([id, path, outcome, row === undefined ? '' : String(row), reason.replaceAll(/\s+/g, ' ')]);
  }
}

export function parseOutcomes(bytes: Uint8Array, path: string): readonly Outcome[] {
  return parseCsv(bytes, header, path).map((record, i) => {
    const [id = '', file = '', kind = '', row = '', reason = ''] = record;
    const outcome = outcomeKinds.find((known) => known === kind);
    if (outcome === undefined || !(outcome === 'duplicate' ? /^\d{1,15}$/.test(row) : row === '')) {
      throw new UserError({
        what: 'outcomes.csv is damaged',
        where: `${path}, line ${i + 2}`,
        found: record.join(','),
        expected: `${outcomeKinds.join(' | ')}, and a row for a duplicate alone`,
      });
    }
    return { id, path: file, outcome, reason, ...(row === '' ? {} : { row: Number(row) }) };
  });
}

/** Counts that add up by construction. */
export function countOutcomes(kept: number, outcomes: Iterable<Outcome>): OutcomeCounts {
  const counts = { duplicate: 0, missing: 0, unreadable: 0, failed: 0 };
  let total = kept;
  let leftOut = 0;
  for (const { outcome } of outcomes) {
    if (outcome === 'left-out') {
      leftOut++;
      continue;
    }
    counts[outcome]++;
    total++;
  }
  return { kept, ...counts, total, ...(leftOut === 0 ? {} : { leftOut }) };
}

import { conformalScores } from '../../metrics/conformal.kernel.ts';
import { addAt, takeInts } from '../../numerics/arrays.kernel.ts';
import type { RandomState } from '../../numerics/mt19937.kernel.ts';
import { countClasses } from '../../rows/classes.ts';
import { type RowSource, takeRows } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import { valueAt } from '../../system/at.ts';
import { probabilitiesOf } from '../fitted-head.ts';
import type { FittedHead, Temperature } from '../model.ts';
import { logInPlace } from './temperature.kernel.ts';
import { temperatureOf } from './temperature.ts';

/**
 * Draws rows to hold out. Each class keeps a row to train on; rows of one group stay together; rows of weight 0 are not held
 * out.
 *
 * @param share approximate share of the rows to hold out
 * @returns row numbers, ascending
 */
export function holdOut(
  table: Omit<Table, 'features'>,
  share: number,
  random: RandomState,
): { readonly kept: Int32Array; readonly held: Int32Array } {
  const { labels, classes, groups, sampleWeights } = table;
  const rowCount = labels.length;
  const units = new Map<number, number[]>();
  for (let row = 0; row < rowCount; row++) {
    const unit = groups?.[row] ?? row;
    const rows = units.get(unit);
    if (rows === undefined) units.set(unit, [row]);
    else rows.push(row);
  }
  const left = countClasses(labels, classes.length);
  const wanted = Math.floor(share * rowCount);
  const isHeld = new Uint8Array(rowCount);
  let heldCount = 0;
  const members = [...units.values()];
  if (wanted > 0) {
    for (const unit of random.permutation(members.length)) {
      if (heldCount >= wanted) break;
      const rows = valueAt(members, unit);
      const ownCounts = new Map<number, number>();
      for (const row of rows) ownCounts.set(valueAt(labels, row), (ownCounts.get(valueAt(labels, row)) ?? 0) + 1);
      const spares = [...ownCounts].every(([label, count]) => valueAt(left, label) > count);
      if (!spares || rows.some((row) => sampleWeights?.[row] === 0)) continue;
      for (const row of rows) isHeld[row] = 1;
      for (const [label, count] of ownCounts) addAt(left, label, -count);
      heldCount += rows.length;
    }
  }
  const all = Int32Array.from({ length: rowCount }, (_, row) => row);
  return { kept: all.filter((row) => isHeld[row] === 0), held: all.filter((row) => isHeld[row] === 1) };
}

/** Fewest held-out rows for a reliable temperature; with fewer, folds are fitted, which is then fast. */
export const enoughHeldOut = 50;

/** Early stopping keeps the scale of the network near the best: an inverse temperature beyond this or its inverse is chance. */
const mostInverse = 2;
/** With fewer, a prediction set of 95 % contains every class. */
const enoughScores = 19;

interface HeldOutOptions {
  readonly judged: Float64Array | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly withScores?: boolean;
}

/**
 * The temperature of a network's probabilities by the validation rows of its early stopping, without augmented views.
 *
 * @param options.judged weight of each row of the table
 * @param options.withScores also return conformal scores, if there are enough rows for a coverage of 95 %: these rows also chose
 * the epoch, so only for networks that take too long to fit again without them
 */
export async function heldOutTemperature(
  network: FittedHead,
  { plainRowOf, features, labels, classes }: Table<RowSource>,
  held: Int32Array,
  { judged, signal, withScores = false }: HeldOutOptions,
): Promise<Temperature> {
  const rows = held.filter((row) => plainRowOf === undefined || plainRowOf[row] === row);
  if (rows.length === 0) return { inverse: 1, rows: 0 };
  const logs = await probabilitiesOf(network, takeRows(features, rows), { signal });
  logInPlace(logs);
  const { inverse } = temperatureOf([logs], [...rows], { classes, labels, sampleWeights: judged });
  const found = { inverse: Math.min(mostInverse, Math.max(1 / mostInverse, inverse)), rows: rows.length };
  if (!withScores || rows.length < enoughScores) return found;
  return { ...found, scores: conformalScores(logs, classes.length, takeInts(labels, rows), found.inverse) };
}

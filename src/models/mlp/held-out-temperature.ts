import { takeRows } from '../../numerics/matrix.ts';
import type { Table } from '../../rows/table.ts';
import type { FittedHead } from '../model.ts';
import { likeliestSlope, logInPlace } from '../temperature.kernel.ts';

/** Held-out rows that give a fair slope; fewer leave it to folds, whose fits are short then. */
export const enoughHeldOut = 50;

/** Early stopping leaves the network near the best scale for these rows: a slope past this, or below its inverse, is chance. */
const mostSlope = 2;

/**
 * The slope of a network's log probabilities on the rows that told it when to stop. Views of an image are left out:
 * predictions are for plain ones.
 *
 * @param judged what each row of the table weighs
 */
export async function heldOutSlope(
  network: FittedHead,
  train: Table,
  held: Int32Array,
  judged: Float64Array | undefined,
): Promise<{ slope: number; rows: number }> {
  const { plainRowOf, features, labels, classes } = train;
  const rows = held.filter((row) => plainRowOf === undefined || plainRowOf[row] === row);
  if (rows.length === 0) return { slope: 1, rows: 0 };
  const { data } = await network.predictProba(takeRows(features, rows));
  logInPlace(data);
  const slope = likeliestSlope(
    data,
    classes.length,
    Int32Array.from(rows, (row) => labels[row] as number),
    judged && Float64Array.from(rows, (row) => judged[row] as number),
  );
  return { slope: Math.min(mostSlope, Math.max(1 / mostSlope, slope)), rows: rows.length };
}

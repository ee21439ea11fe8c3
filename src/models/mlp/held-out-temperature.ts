import { takeRows } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import type { FittedHead, Temperature } from '../model.ts';
import { logInPlace } from '../temperature.kernel.ts';
import { temperatureOf } from '../temperature.ts';

/** Held-out rows that give a fair temperature; fewer leave it to folds, whose fits are short then. */
export const enoughHeldOut = 50;

/** Early stopping leaves the network near the best scale for these rows: an inverse temperature past this, or below one over it, is chance. */
const mostInverse = 2;

/**
 * The temperature of a network's probabilities on the rows that told it when to stop. Views of an image are left out:
 * predictions are for plain ones.
 *
 * @param judged what each row of the table weighs
 */
export async function heldOutTemperature(
  network: FittedHead,
  { plainRowOf, features, labels, classes }: Table,
  held: Int32Array,
  judged: Float64Array | undefined,
): Promise<Temperature> {
  const rows = held.filter((row) => plainRowOf === undefined || plainRowOf[row] === row);
  if (rows.length === 0) return { inverse: 1, rows: 0 };
  const { data } = await network.predictProba(takeRows(features, rows));
  logInPlace(data);
  const weights = judged === undefined ? {} : { sampleWeights: judged };
  const { inverse } = temperatureOf([data], [...rows], { classes, labels, ...weights });
  return { inverse: Math.min(mostInverse, Math.max(1 / mostInverse, inverse)), rows: rows.length };
}

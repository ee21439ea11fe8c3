import { scoreProbabilities } from '../../metrics/metrics.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { isStored, type Rows, readStoredRows } from '../../rows/stored-rows.ts';
import type { Table, TableOf } from '../../rows/table.ts';
import { testTable, trainingTable } from '../data/data-tables.ts';
import { checkFinite, type LabelledData } from '../data/labelled-data.ts';
import { testScores } from './test-scores.ts';
import type { OpenTrial } from './trial.ts';

/**
 * Trials on tables in memory. Rows that are on the disk are read split by split, straight into the tables, so that no
 * second copy of the features is there; heads that share a split share its tables.
 */
export function trialsInMemory(data: LabelledData<Rows>): OpenTrial {
  const train = lastTable((rows) => trainingTable(data, rows));
  const test = lastTable((rows) => testTable(data, rows));

  function lastTable(make: (rows: Int32Array) => TableOf<Rows>): (rows: Int32Array) => Promise<Table> {
    let last: { readonly rows: Int32Array; readonly table: Table } | undefined;
    return async (rows) => {
      if (last?.rows === rows) return last.table;
      last = undefined;
      last = { rows, table: await inMemory(make(rows), rows, data) };
      return last.table;
    };
  }

  return async (split) => {
    const tables = { train: await train(split.train), test: await test(split.test) };
    return {
      fit: (head, context, watched = false) =>
        head.fit(tables.train, watched ? { ...context, test: tables.test } : context),
      score: async (fitted) => {
        const probabilities = await fitted.predictProba(tables.test.features);
        const scores = testScores(data, split.test);
        scores.add(undefined, await fitted.predict(tables.test.features), probabilities.data);
        return scores;
      },
      eachProbability: async (fitted, take) => take(undefined, (await fitted.predictProba(tables.test.features)).data),
      uncalibratedLogLoss: async (fitted) => {
        const probabilities = await fitted.uncalibrated?.(tables.test.features);
        return probabilities && scoreProbabilities(tables.test.labels, probabilities).logLoss;
      },
    };
  };
}

/** @param rows rows of the data that the table's first ones are */
async function inMemory(table: TableOf<Rows>, rows: Int32Array, data: LabelledData<Rows>): Promise<Table> {
  const { features } = table;
  if (!isStored(features)) return { ...table, features };
  const matrix: Matrix = await readStoredRows(features);
  checkFinite(matrix, (row) => data.ids[rows[row] as number] ?? `view row ${row}`, features.reader.store.where);
  return { ...table, features: matrix };
}

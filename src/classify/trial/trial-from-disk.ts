import { largestPerRow } from '../../metrics/metrics.kernel.ts';
import { probabilityTally } from '../../metrics/metrics.ts';
import type { FittedHead, Head, StreamedFit, StreamedHead } from '../../models/model.ts';
import { createArena } from '../../numerics/arena.ts';
import { blocksAlong, isStored, type Rows, routeOf, type StoredRows } from '../../rows/stored-rows.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';
import { testTable, trainingTable } from '../data/data-tables.ts';
import { checkFinite, type LabelledData } from '../data/labelled-data.ts';
import { testScores } from './test-scores.ts';
import type { OpenTrial } from './trial.ts';

/** Trials on rows that stay on the disk: fits and scores read them block by block, as often as they need them. */
export function trialsFromDisk(data: LabelledData<StoredRows>, signal: AbortSignal | undefined): OpenTrial {
  const arena = createArena();
  return async (split) => {
    const train = trainingTable(data, split.train);
    const test = testTable(data, split.test);
    return {
      fit: (head, context, watched = false) =>
        streamOf(head).fit(train, { ...context, arena, ...(watched ? { test } : {}) }),
      score: async (fitted) => {
        const scores = testScores(data, split.test);
        await streamed(fitted).eachProbability(test.features, { signal }, (places, probabilities) =>
          scores.add(places, largestPerRow(probabilities, data.classes.length), probabilities),
        );
        return scores;
      },
      eachProbability: (fitted, take) => streamed(fitted).eachProbability(test.features, { signal }, take),
      uncalibratedLogLoss: async (fitted) => {
        const { eachUncalibrated } = streamed(fitted);
        if (eachUncalibrated === undefined) return undefined;
        const tally = probabilityTally(data.classes.length);
        await eachUncalibrated(test.features, { signal }, (places, probabilities) =>
          tally.add(
            Int32Array.from(places, (place) => test.labels[place] as number),
            probabilities,
          ),
        );
        return tally.scores().logLoss;
      },
    };
  };
}

/** Whether all heads can be fitted on rows that stay on the disk is asked before anything is read. */
function streamOf(head: Head): StreamedFit {
  if (head.stream === undefined) throw new RangeError(`the ${head.model} head needs its rows in memory`);
  return head.stream;
}

function streamed(fitted: FittedHead): StreamedHead {
  if (!('eachProbability' in fitted)) throw new RangeError(`the ${fitted.model} head needs its rows in memory`);
  return fitted as StreamedHead;
}

/**
 * Reads all rows once: they are as they were written, and every feature is finite.
 *
 * @param onRows told after each block how many rows it had
 * @throws UserError naming the first row that is not, by its id
 */
export async function checkStoredRows(
  data: LabelledData<StoredRows>,
  signal: AbortSignal | undefined,
  onRows: (count: number) => void,
): Promise<void> {
  const perImage = (data.views?.rowCount ?? 0) / data.ids.length;
  await checkPass(data.features, (row) => data.ids[row] as string);
  if (data.views !== undefined) {
    await checkPass(data.views, (row) => `a view of ${data.ids[Math.floor(row / perImage)]}`);
  }

  async function checkPass(rows: StoredRows, idOf: (row: number) => string): Promise<void> {
    const route = routeOf(rows);
    for await (const { start, rowCount, data: block } of blocksAlong(rows, route)) {
      await pauseForInterrupt(signal);
      const matrix = { rowCount, columnCount: rows.columnCount, data: block };
      checkFinite(matrix, (row) => idOf(route.places[start + row] as number), rows.reader.store.where);
      onRows(rowCount);
    }
  }
}

export function isOnDisk(data: LabelledData<Rows>): data is LabelledData<StoredRows> {
  return isStored(data.features);
}

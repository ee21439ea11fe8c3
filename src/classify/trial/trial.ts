import { probabilityTally } from '../../metrics/metrics.ts';
import { predictRows, type TakePredictions } from '../../models/fitted-head.ts';
import type { FitContext, FittedHead, Head, Prediction } from '../../models/model.ts';
import { createArena } from '../../numerics/arena.ts';
import { takeFloats, takeInts } from '../../numerics/arrays.kernel.ts';
import { largestMagnitude } from '../../numerics/finite.kernel.ts';
import { checkFinite } from '../../rows/finite.ts';
import { isStored, loadRows, type RowSource, rowPass, type StoredRows, takeRows } from '../../rows/row-source.ts';
import { type Table, withoutGaps } from '../../rows/table.ts';
import type { Split } from '../../split/split.ts';
import { valueAt } from '../../system/at.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';
import { type LabelledData, nameOfRow, placeOf } from '../data/labelled-data.ts';
import { type TestScores, testScores } from './test-scores.ts';

/** One split: heads are fitted on its training rows and tested on its test rows, in memory or on disk. */
interface Trial {
  /** Loads the rows in advance, so that fit times do not include it. */
  load(): Promise<void>;
  /** @param watched whether the head gets the test rows, for its figures per epoch */
  fit(head: Head, context: Omit<FitContext, 'test'>, watched?: boolean): Promise<FittedHead>;
  /** @param onProgress told of rows that are read from the disk */
  score(fitted: FittedHead, onProgress?: FitContext['onProgress']): Promise<TestScores>;
  /** Predicts the test rows, block by block; those of the last score are kept if they are few. */
  predict(fitted: FittedHead, take: TakePredictions): Promise<void>;
  /** Log loss before calibration; undefined without calibration. */
  uncalibratedLogLoss(fitted: FittedHead): Promise<number | undefined>;
}

interface TrialSurroundings extends Pick<FitContext, 'networkTail' | 'checkpoints' | 'encodeWords' | 'signal'> {
  readonly stream: boolean;
}

/** Largest kept predictions of a score, in bytes. */
const mostKept = 16e6;

/** Opens a split. One trial at a time: the next one reuses the memory. */
export type OpenTrial = (split: Split) => Trial;

/**
 * Trials on tables in memory, or on rows on disk, which fits and scores read in blocks. Tables in memory are loaded per
 * split, on demand and without a second copy of the features; heads share the tables of a split.
 */
export function openTrials(data: LabelledData<RowSource>, { stream, signal, ...more }: TrialSurroundings): OpenTrial {
  const lastTrain = lastTable((rows) => trainingTable(data, rows));
  const lastTest = lastTable((rows) => testTable(data, rows));
  let scored: { readonly fitted: FittedHead; readonly rows: Int32Array; readonly prediction: Prediction } | undefined;
  const common = { ...more, ...(stream ? { arena: createArena() } : {}) };

  function lastTable(make: (rows: Int32Array) => Table<RowSource>): (rows: Int32Array) => Promise<Table<RowSource>> {
    let last: { readonly rows: Int32Array; readonly table: Table<RowSource> } | undefined;
    return async (rows) => {
      if (last?.rows === rows) return last.table;
      last = undefined;
      const table = make(rows);
      last = { rows, table: stream ? table : await inMemory(table, rows, data) };
      return last.table;
    };
  }

  return ({ train: trainRows, test: testRows }) => {
    const tested = () => lastTest(testRows);
    return {
      load: async () => {
        await lastTrain(trainRows);
        await tested();
      },
      fit: async (head, context, watched = false) => {
        const train = await lastTrain(trainRows);
        return head.fit(train, { ...context, ...common, ...(watched && { test: await tested() }) });
      },
      predict: async (fitted, take) => {
        if (scored?.fitted === fitted && scored.rows === testRows) take(undefined, scored.prediction);
        else await predictRows(fitted, (await tested()).features, { signal }, take);
      },
      score: async (fitted, onProgress) => {
        const { features } = await tested();
        const scores = testScores(data, testRows);
        const total = testRows.length;
        const kept = isStored(features) ? emptyPrediction(total, data.classes.length) : undefined;
        scored = kept && { fitted, rows: testRows, prediction: kept };
        let done = 0;
        await predictRows(fitted, features, { signal }, (places, { predicted, probabilities }) => {
          scores.add(places, predicted, probabilities.data);
          if (places === undefined) return;
          if (kept !== undefined) setRows(kept, places, { predicted, probabilities });
          done += places.length;
          onProgress?.({ stage: 'test images', done, total, rowsRead: done, rowsToRead: total });
        });
        return scores;
      },
      uncalibratedLogLoss: async (fitted) => {
        if (!fitted.calibrated) return undefined;
        const { features, labels } = await tested();
        const tally = probabilityTally(data.classes.length);
        await predictRows(fitted, features, { signal, uncalibrated: true }, (places, { probabilities }) => {
          tally.add(places ? takeInts(labels, places) : labels, probabilities.data);
        });
        return tally.scores().logLoss;
      },
    };
  };
}

/** Room for the predictions of rows; undefined if they are too many to be kept. */
function emptyPrediction(rowCount: number, classCount: number): Prediction | undefined {
  if (4 * rowCount * (classCount + 1) > mostKept) return undefined;
  const probabilities = { rowCount, columnCount: classCount, data: new Float32Array(rowCount * classCount) };
  return { predicted: new Int32Array(rowCount), probabilities };
}

function setRows(all: Prediction, places: Uint32Array, { predicted, probabilities }: Prediction): void {
  const classCount = all.probabilities.columnCount;
  for (const [i, place] of places.entries()) {
    all.predicted[place] = valueAt(predicted, i);
    all.probabilities.data.set(probabilities.data.subarray(i * classCount, (i + 1) * classCount), place * classCount);
  }
}

/** @param rows row numbers of the table's first rows in the data */
async function inMemory(
  table: Table<RowSource>,
  rows: Int32Array,
  data: LabelledData<RowSource>,
): Promise<Table<RowSource>> {
  const { features } = table;
  if (!isStored(features)) return table;
  const matrix = await loadRows(features);
  const { where } = features.reader.store;
  checkFinite(matrix, (row, column) => placeOf(where, data.ids[valueAt(rows, row)] ?? `view row ${row}`, column));
  return { ...table, features: matrix };
}

/**
 * Reads all rows on disk once, to check their sha256 and that every feature is finite.
 *
 * @returns the largest absolute value
 * @throws UserError naming the id of the first row with a non-finite feature
 */
export async function checkStoredRows(
  data: LabelledData<StoredRows>,
  signal: AbortSignal | undefined,
  onRows: (count: number) => void,
): Promise<number> {
  let largest = 0;
  const pass = rowPass(data.features);
  const { where } = data.features.reader.store;
  for await (const block of pass.blocks()) {
    await pauseForInterrupt(signal);
    const rowAt = (row: number): number => pass.places?.[block.start + row] ?? row;
    checkFinite(block, (row, column) => placeOf(where, nameOfRow(data, rowAt(row)), column));
    largest = Math.max(largest, largestMagnitude(block.data.subarray(0, block.rowCount * block.columnCount)));
    onRows(block.rowCount);
  }
  return largest;
}

export function testTable<F extends RowSource>(data: LabelledData<F>, rows: Int32Array): Table<F> {
  return {
    features: takeRows(data.features, rows),
    labels: takeInts(data.labels, rows),
    classes: data.classes,
  };
}

/** The training rows with weights and groups, followed by their augmented views. */
export function trainingTable<F extends RowSource>(data: LabelledData<F>, rows: Int32Array): Table<F> {
  const { viewsPerImage, sampleWeights, groups, ids } = data;
  const chosen = Int32Array.from({ length: rows.length * (1 + viewsPerImage) }, (_, i) => {
    if (i < rows.length) return valueAt(rows, i);
    const view = i - rows.length;
    const image = valueAt(rows, Math.floor(view / viewsPerImage));
    return ids.length + image * viewsPerImage + (view % viewsPerImage);
  });
  // Index of each row's image among `rows`.
  const shown = chosen.map((_, i) => (i < rows.length ? i : Math.floor((i - rows.length) / viewsPerImage)));
  const images = takeInts(rows, shown);
  const plainRowOf = viewsPerImage === 0 ? undefined : shown;
  // Without groups, the views of an image form a group.
  const groupOf = groups === undefined ? plainRowOf : takeInts(groups, images);
  return {
    features: takeRows(data.features, chosen),
    labels: takeInts(data.labels, images),
    classes: data.classes,
    plainRowOf,
    sampleWeights: sampleWeights && takeFloats(sampleWeights, images),
    groups: groupOf && withoutGaps(groupOf),
  };
}

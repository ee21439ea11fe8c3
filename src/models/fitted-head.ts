import type { Matrix } from '../numerics/matrix.ts';
import { isStored, type RowSource, rowPass } from '../rows/row-source.ts';
import { loadTable, type Table } from '../rows/table.ts';
import { valueAt } from '../system/at.ts';
import { checkProbabilities } from './checks.ts';
import { storedBlockRows } from './linear-loss.ts';
import type { FitContext, FitFacts, FittedHead, Head, Prediction, PredictOptions, SavedHead } from './model.ts';

/** Wraps a fit that needs its rows in memory: they are loaded once. */
export function inMemory(fit: (train: Table, context: FitContext) => Promise<FittedHead>): Pick<Head, 'rows' | 'fit'> {
  return { rows: 'memory', fit: async (train, context) => fit(await loadTable(train), context) };
}

type Answering = Omit<FittedHead, 'predict' | 'predictProba'> & Partial<Pick<FittedHead, 'predict'>>;

/** Adds `predict` and `predictProba` to a head with `predictBoth`, unless it has a cheaper `predict`. */
function withPredict(head: Answering): FittedHead {
  return {
    predictProba: async (features: Matrix, options: PredictOptions) =>
      (await head.predictBoth(features, options)).probabilities,
    predict: async (features: Matrix) => (await head.predictBoth(features)).predicted,
    ...head,
  };
}

/** The same head with other predictions, of which `predictProba` follows `predictBoth`. */
export function withChanges({ predictProba: _, ...head }: FittedHead, changes: Partial<Answering>): FittedHead {
  return withPredict({ ...head, ...changes });
}

interface Parts extends Omit<Answering, 'save'> {
  arrays(): SavedHead['arrays'];
  /** Default: `details`. */
  readonly savedDetails?: SavedHead['details'];
}

export function fittedHead({ arrays, savedDetails, ...head }: Parts): FittedHead {
  const { model, solver, params, classes, dims, details } = head;
  const save = () => ({ model, solver, params, classes, dims, details: savedDetails ?? details, arrays: arrays() });
  return withPredict({ ...head, save });
}

/** The facts of a saved head whose `savedDetails` tell whether it converged, its iterations and its warnings. */
export function savedFacts({ arrays: _, ...saved }: SavedHead): FitFacts {
  const { converged, iterations, warnings, ...details } = saved.details;
  return {
    ...saved,
    converged: converged === true,
    iterations: typeof iterations === 'number' ? iterations : 0,
    warnings: Array.isArray(warnings) ? warnings.map(String) : [],
    details,
  };
}

/**
 * Receives the predictions for a block of rows; the arrays are reused for the next block.
 *
 * @param places indices of these rows; undefined for all, in order
 */
export type TakePredictions = (places: Uint32Array | undefined, prediction: Prediction) => void;

/** Predicts rows: a matrix in one call, rows on disk block by block. */
export async function predictRows(
  head: FittedHead,
  features: RowSource,
  options: Pick<PredictOptions, 'signal' | 'uncalibrated'>,
  take: TakePredictions,
): Promise<void> {
  if (!isStored(features)) {
    const prediction = await head.predictBoth(features, options);
    checkProbabilities(prediction.probabilities, head);
    return take(undefined, prediction);
  }
  const classCount = head.classes.length;
  const pass = rowPass(features, storedBlockRows(features.columnCount, classCount));
  let room = new Float32Array(0);
  for await (const block of pass.blocks()) {
    const { start, rowCount } = block;
    // Allocated once: arrays of each block would accumulate until garbage collection.
    if (room.length < rowCount * classCount) room = new Float32Array(rowCount * classCount);
    const into = room.subarray(0, rowCount * classCount);
    const prediction = await head.predictBoth(block, { ...options, overwrite: true, into });
    checkProbabilities(prediction.probabilities, head);
    take(pass.places?.subarray(start, start + rowCount), prediction);
  }
}

/** Classes [rows] and probabilities [rows, classes] of rows in memory or on disk. */
export async function predictionsOf(
  head: FittedHead,
  features: RowSource,
  options: Pick<PredictOptions, 'signal' | 'uncalibrated'>,
): Promise<{ readonly predicted: Int32Array; readonly probabilities: Float32Array }> {
  const classCount = head.classes.length;
  const rowCount = isStored(features) ? features.rowCount : 0;
  let all = { predicted: new Int32Array(rowCount), probabilities: new Float32Array(rowCount * classCount) };
  await predictRows(head, features, options, (places, { predicted, probabilities: { data } }) => {
    if (places === undefined) all = { predicted, probabilities: data } as typeof all;
    places?.forEach((place, i) => {
      all.predicted[place] = valueAt(predicted, i);
      all.probabilities.set(data.subarray(i * classCount, (i + 1) * classCount), place * classCount);
    });
  });
  return all;
}

/** Class probabilities of rows in memory or on disk, [rows, classes]. */
export async function probabilitiesOf(...rows: Parameters<typeof predictionsOf>): Promise<Float32Array> {
  return (await predictionsOf(...rows)).probabilities;
}

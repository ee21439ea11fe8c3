import type { Matrix } from '../numerics/matrix.ts';
import { isStored, type RowSource, rowPass } from '../rows/row-source.ts';
import { loadTable, type Table } from '../rows/table.ts';
import { valueAt } from '../system/at.ts';
import { checkProbabilities } from './checks.ts';
import { storedBlockRows } from './linear-loss.ts';
import type { FitContext, FittedHead, Head, Prediction, PredictOptions, SavedHead } from './model.ts';

/** A head that needs its rows in memory: they are loaded once, wherever they are. */
export function inMemory(fit: (train: Table, context: FitContext) => Promise<FittedHead>): Pick<Head, 'rows' | 'fit'> {
  return { rows: 'memory', fit: async (train, context) => fit(await loadTable(train), context) };
}

type Answering = Omit<FittedHead, 'predict' | 'predictProba'> & Partial<Pick<FittedHead, 'predict'>>;

/** Completes a head that says everything at once; one that has a cheaper way to its class numbers alone brings it. */
export function withPredict<H extends Answering>(head: H): NoInfer<H> & FittedHead {
  return {
    predictProba: async (features: Matrix, options: PredictOptions) =>
      (await head.predictBoth(features, options)).probabilities,
    predict: async (features: Matrix) => (await head.predictBoth(features)).predicted,
    ...head,
  };
}

/** What a fitted head brings: facts, answers, and what of it is saved. */
interface Parts extends Omit<Answering, 'save'> {
  arrays(): SavedHead['arrays'];
  /** Default: `details`. */
  readonly savedDetails?: SavedHead['details'];
}

/** A fitted head of its parts. */
export function fittedHead<P extends Parts>(parts: P): NoInfer<P> & FittedHead {
  const { model, solver, params, classes, dims, details, savedDetails = details } = parts;
  return withPredict({
    ...parts,
    save: () => ({ model, solver, params, classes, dims, details: savedDetails, arrays: parts.arrays() }),
  });
}

/**
 * Takes what a head says of some rows, whose arrays the next block uses again.
 *
 * @param places which rows these are; undefined for all of them, as they stand
 */
export type TakePredictions = (places: Uint32Array | undefined, prediction: Prediction) => void;

/** What a head says of rows wherever they are: of a matrix at once, of rows on the disk a block at a time. */
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
    // Made once: arrays of each block would lie about until the collector runs.
    if (room.length < rowCount * classCount) room = new Float32Array(rowCount * classCount);
    const into = room.subarray(0, rowCount * classCount);
    const prediction = await head.predictBoth(block, { ...options, overwrite: true, into });
    checkProbabilities(prediction.probabilities, head);
    take(pass.places?.subarray(start, start + rowCount), prediction);
  }
}

/** Classes of rows wherever they are, [rows], and their probabilities, [rows, classes]. */
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

/** Class probabilities of rows wherever they are, [rows, classes]. */
export async function probabilitiesOf(...rows: Parameters<typeof predictionsOf>): Promise<Float32Array> {
  return (await predictionsOf(...rows)).probabilities;
}

import { largestPerRow } from '../../metrics/metrics.kernel.ts';
import { multiplyTransposed } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { takeRows } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import { usageError } from '../../system/errors.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';
import { counted } from '../../system/printable.ts';
import { checkFeatures, checkSolver, checkTrainingTable, savedArray } from '../checks.ts';
import { fittedHead, inMemory } from '../fitted-head.ts';
import type { FitContext, FittedHead, Head, HeadKind } from '../model.ts';
import { type GivenParams, type ParamsOf, readParams } from '../parameters.ts';
import { emptyNeighbours, keepNearer, neighbourVotes, unitRows } from './neighbours.kernel.ts';
import { addKnn } from './onnx.ts';

const solvers = ['cosine'] as const;
const options = {
  k: {
    describe: 'number of neighbours',
    numbers: { min: 1, max: 10_000, whole: true },
    default: 20,
    simpler: 'larger',
  },
  /** `similarity`: a neighbour counts exp(cosine / temperature); `uniform`: each counts the same. */
  votes: {
    describe: 'weight of a vote: exp(cosine / temperature), or 1',
    words: ['similarity', 'uniform'],
    default: 'similarity',
  },
  temperature: { describe: 'temperature of the votes', numbers: { above: 0 }, default: 0.07 },
} as const;
const declared = { solvers, options };

type Params = ParamsOf<typeof options>;
/** Parameters of nearest neighbours, as given by callers of the library. */
export type KnnParams = GivenParams<typeof options, (typeof solvers)[number]>;

/** Query rows per block, to bound memory. */
const blockQueries = 1024;
/** Training rows per block, so that they stay in the second-level cache. */
const blockTrainRows = 1024;

/**
 * k-nearest neighbours by cosine similarity, with the weights of DINO's evaluation (Caron et al. 2021, section 4.1:
 * exp(cosine / 0.07), 10 to 200 neighbours; 20 was best there).
 */
export const knn: HeadKind = {
  model: 'knn',
  solvers,
  options,
  autoCalibrate: () => 'temperature',
  autoSweep: () => ({ k: [5, 10, 20, 50, 100, 200] }),
  create: (raw) => {
    const { params } = readParams(declared, raw);
    if (params.votes === 'uniform' && params.temperature !== options.temperature.default) {
      throw usageError(
        'temperature',
        String(params.temperature),
        'no temperature with uniform votes',
        '--votes similarity',
      );
    }
    return {
      model: 'knn',
      solver: 'cosine',
      params,
      ...inMemory((train, context) => fit(params, train, context)),
      needs: ({ trainRows, dims }) => [
        { what: 'rows of length 1', bytes: 4 * trainRows * dims },
        { what: 'similarities', bytes: 4 * blockQueries * blockTrainRows },
        { what: 'rows to be saved', bytes: 4 * trainRows * dims },
      ],
    } satisfies Head;
  },
  load: (saved) => {
    checkSolver(saved, solvers);
    const labels = savedArray(saved, 'labels', Int32Array, [null]);
    const data = savedArray(saved, 'unitTrain', Float32Array, [labels.length, saved.dims]);
    const weighted = saved.arrays['sampleWeights'] !== undefined;
    const weights = weighted ? savedArray(saved, 'sampleWeights', Float64Array, [labels.length]) : null;
    return fitted(
      readParams(declared, saved.params).params,
      saved.classes,
      { rowCount: labels.length, columnCount: saved.dims, data },
      labels,
      weights,
      1,
    );
  },
  toOnnx: addKnn,
};

async function fit(params: Params, train: Table, context: FitContext): Promise<FittedHead> {
  checkTrainingTable(train, 'knn');
  await pauseForInterrupt(context.signal);
  const { sampleWeights } = train;
  // Rows of weight 0 must not be neighbours.
  const rows = Int32Array.from(train.labels.keys()).filter(
    (row) => sampleWeights === undefined || sampleWeights[row]! > 0,
  );
  const features = rows.length === train.labels.length ? train.features : takeRows(train.features, rows);
  const unitTrain = { ...features, data: unitRows(features.data, features.columnCount) };
  const labels = rows.map((row) => train.labels[row]!);
  const weights = sampleWeights === undefined ? null : Float64Array.from(rows, (row) => sampleWeights[row]!);
  return fitted(params, train.classes, unitTrain, labels, weights, context.threads);
}

function fitted(
  params: Params,
  classes: readonly string[],
  unitTrain: Matrix,
  labels: Int32Array,
  sampleWeights: Float64Array | null,
  threads: number,
): FittedHead {
  const dims = unitTrain.columnCount;
  const trainRows = unitTrain.rowCount;
  const k = Math.min(params.k, trainRows);
  const present = new Uint8Array(classes.length);
  for (const label of labels) present[label] = 1;
  const presentCount = present.reduce((sum, seen) => sum + seen, 0);

  /** Vote shares before smoothing, [rows, classes]. */
  const votesFor = async (features: Matrix): Promise<Matrix> => {
    checkFeatures(features, dims, 'knn');
    const data = new Float32Array(features.rowCount * classes.length);
    const partRows = Math.ceil(trainRows / Math.ceil(trainRows / blockTrainRows));
    const room = new Float32Array(partRows * Math.min(blockQueries, features.rowCount));
    const temperature = params.votes === 'uniform' ? 0 : params.temperature;
    for (let first = 0; first < features.rowCount; first += blockQueries) {
      const rowCount = Math.min(blockQueries, features.rowCount - first);
      const block = unitRows(features.data.subarray(first * dims, (first + rowCount) * dims), dims);
      const queries = { rowCount, columnCount: dims, data: block };
      const neighbours = emptyNeighbours(rowCount, k);
      for (let start = 0; start < trainRows; start += partRows) {
        const end = Math.min(trainRows, start + partRows);
        const rows = unitTrain.data.subarray(start * dims, end * dims);
        const part = { rowCount: end - start, columnCount: dims, data: rows };
        const similarities = room.subarray(0, part.rowCount * rowCount);
        await multiplyTransposed(part, queries, { threads }, similarities);
        keepNearer(similarities, start, neighbours);
      }
      const votes = data.subarray(first * classes.length, (first + rowCount) * classes.length);
      neighbourVotes(neighbours, labels, sampleWeights, temperature, classes.length, votes);
    }
    return { rowCount: features.rowCount, columnCount: classes.length, data };
  };

  const details = {
    probabilities: 'votes of the neighbours, with one vote more that is shared evenly by the classes',
    neighbours: k,
    trainingRows: trainRows,
  };
  return fittedHead({
    model: 'knn',
    solver: 'cosine',
    params,
    classes,
    dims,
    converged: true,
    iterations: 0,
    warnings:
      params.k > trainRows
        ? [`there ${trainRows === 1 ? 'is' : 'are'} only ${counted(trainRows, 'training row')}, so all of them vote`]
        : [],
    details,
    calibrated: false,
    predictBoth: async (features) => {
      const votes = await votesFor(features);
      const { data } = votes;
      const predicted = largestPerRow(data, classes.length);
      for (let i = 0; i < data.length; i++) {
        // Smoothing: classes without a neighbour get a small probability; the ranking is unchanged.
        const even = present[i % classes.length] === 1 ? 1 / presentCount : 0;
        data[i] = ((data[i] as number) * k + even) / (k + 1);
      }
      return { predicted, probabilities: votes };
    },
    arrays: () => ({
      unitTrain: { shape: [trainRows, dims], data: unitTrain.data },
      labels: { shape: [trainRows], data: labels },
      ...(sampleWeights === null ? {} : { sampleWeights: { shape: [trainRows], data: sampleWeights } }),
    }),
  });
}

import { largestPerRow } from '../../metrics/metrics.kernel.ts';
import { softmaxRows } from '../../numerics/linear-loss.kernel.ts';
import { multiply } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { unitRows } from '../../numerics/nearest.kernel.ts';
import type { RowSource } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import { UserError, usageError } from '../../system/errors.ts';
import { checkFeatures, checkSolver, checkTrainingTable, savedArray } from '../checks.ts';
import { fittedHead } from '../fitted-head.ts';
import type { FitContext, FittedHead, Head, HeadKind } from '../model.ts';
import { type GivenParams, type ParamsOf, readParams } from '../parameters.ts';
import { addZeroShot } from './onnx.ts';
import { logitScale, readPrompts, sayClass } from './prompts.ts';

const solvers = ['prompts'] as const;
const options = {
  prompts: {
    describe: "what is said of each class, {} for its name; several with | between them, a class's vector their mean",
    text: true,
    default: 'a photo of a {}',
  },
} as const;
const declared = { solvers, options };

type Params = ParamsOf<typeof options>;
/** Parameters of the zero-shot head, as a library's caller gives them. */
export type ZeroShotParams = GivenParams<typeof options, (typeof solvers)[number]>;

/**
 * Names each class in words and takes the one whose words lie nearest (Radford et al. 2021, "Learning Transferable Visual
 * Models From Natural Language Supervision", section 3.1): nothing is trained, labels serve the test and the temperature
 * of the probabilities alone. For the features of a network with a text tower.
 */
export const zeroShot: HeadKind = {
  model: 'zero-shot',
  solvers,
  options,
  byNameOnly: true,
  autoCalibrate: () => 'temperature',
  autoSweep: () => ({}),
  create: (raw) => {
    const { params } = readParams(declared, raw);
    readPrompts(params.prompts);
    const { scale } = raw;
    if (scale !== undefined && scale !== 'none' && scale !== 'l2') {
      throw usageError(
        'scale',
        String(scale),
        'none or l2 with zero-shot: scaled otherwise, images no longer lie by words',
      );
    }
    return {
      model: 'zero-shot',
      solver: 'prompts',
      params,
      rows: 'blocks',
      fit: (train, context) => fit(params, train, context),
      needs: ({ dims, classes }) => [{ what: 'vectors of the prompts', bytes: 8 * dims * classes }],
    } satisfies Head;
  },
  load: (saved) => {
    checkSolver(saved, solvers);
    const { params } = readParams(declared, saved.params);
    const data = savedArray(saved, 'words', Float32Array, [saved.dims, saved.classes.length]);
    return fitted(params, saved.classes, { rowCount: saved.dims, columnCount: saved.classes.length, data }, 1);
  },
  toOnnx: addZeroShot,
};

async function fit(params: Params, train: Table<RowSource>, context: FitContext): Promise<FittedHead> {
  checkTrainingTable(train, 'zero-shot');
  const words = await wordWeights(params.prompts, train, context, 'zero-shot');
  return fitted(params, train.classes, words, context.threads);
}

/**
 * The vectors of the classes' prompts, each of length 1, as a matrix that rows are multiplied by: [dims, classes].
 *
 * @param head named where the network knows no words
 */
export async function wordWeights(
  prompts: string,
  { features, classes }: Pick<Table<RowSource>, 'features' | 'classes'>,
  { encodeWords }: Pick<FitContext, 'encodeWords'>,
  head: string,
): Promise<Matrix> {
  if (encodeWords === undefined) {
    throw new UserError({
      what: `the ${head} head needs a network that knows words`,
      expected: 'a feature set of a network with a text tower, such as CLIP or SigLIP',
      fix: 'featuretap extract --weights hf:OWNER/NAME makes one: docs/weights.md, Words',
    });
  }
  const dims = features.columnCount;
  const vectors = await classVectors(readPrompts(prompts), classes, encodeWords);
  const classCount = classes.length;
  const data = new Float32Array(dims * classCount);
  for (let c = 0; c < classCount; c++) {
    for (let d = 0; d < dims; d++) data[d * classCount + c] = vectors.data[c * dims + d] as number;
  }
  return { rowCount: dims, columnCount: classCount, data };
}

/**
 * A vector of length 1 for each class: the mean over the prompts, each of length 1. [classes, dims]
 *
 * @param encode texts to vectors of length 1
 */
export async function classVectors(
  prompts: readonly string[],
  classes: readonly string[],
  encode: (texts: readonly string[]) => Promise<Matrix>,
): Promise<Matrix> {
  const { data, columnCount } = await encode(
    classes.flatMap((name) => prompts.map((prompt) => sayClass(prompt, name))),
  );
  const means = new Float32Array(classes.length * columnCount);
  for (let text = 0; text < classes.length * prompts.length; text++) {
    const at = Math.floor(text / prompts.length) * columnCount;
    for (let d = 0; d < columnCount; d++)
      means[at + d] = (means[at + d] as number) + (data[text * columnCount + d] as number);
  }
  unitRows(means, classes.length, columnCount);
  return { rowCount: classes.length, columnCount, data: means };
}

/** @param words [dims, classes], each column of length 1 */
function fitted(params: Params, classes: readonly string[], words: Matrix, threads: number): FittedHead {
  const dims = words.rowCount;
  return fittedHead({
    model: 'zero-shot',
    solver: 'prompts',
    params,
    classes,
    dims,
    converged: true,
    iterations: 0,
    warnings: [],
    details: { probabilities: `softmax of ${logitScale} times the cosine with the prompts` },
    calibrated: false,
    predictBoth: async (features, predictOptions) => {
      checkFeatures(features, dims, 'zero-shot');
      const unit = predictOptions?.overwrite === true ? features.data : features.data.slice();
      unitRows(unit, features.rowCount, dims);
      const context = { threads, signal: predictOptions?.signal };
      const probabilities = await multiply({ ...features, data: unit }, words, context, predictOptions?.into);
      softmaxRows(probabilities.data, classes.length, logitScale);
      return { predicted: largestPerRow(probabilities.data, classes.length), probabilities };
    },
    arrays: () => ({ words: { shape: [dims, classes.length], data: words.data } }),
  });
}

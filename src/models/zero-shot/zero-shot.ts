import type { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import { largestPerRow } from '../../metrics/metrics.kernel.ts';
import { softmaxRows } from '../../numerics/linear-loss.kernel.ts';
import { multiply } from '../../numerics/matmul.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { unitRows } from '../../numerics/nearest.kernel.ts';
import type { RowSource } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import { usageError } from '../../system/errors.ts';
import { checkFeatures, checkSolver, checkTrainingTable, savedArray } from '../checks.ts';
import { fittedHead } from '../fitted-head.ts';
import type { FitContext, FittedHead, Head, HeadKind, SavedHead } from '../model.ts';
import { addScaling } from '../onnx-parts.ts';
import { type GivenParams, type ParamsOf, readParams } from '../parameters.ts';
import { logitScale, promptWeights, readPrompts } from '../prompts.ts';

const solvers = ['prompts'] as const;
const options = {
  prompts: {
    describe: 'prompt for each class, {} for its name; several, separated by |, are averaged',
    text: true,
    default: 'a photo of a {}',
  },
} as const;
const declared = { solvers, options };

type Params = ParamsOf<typeof options>;
/** Parameters of the zero-shot head, as given by callers of the library. */
export type ZeroShotParams = GivenParams<typeof options, (typeof solvers)[number]>;

/**
 * Zero-shot classification by the nearest class prompt (Radford et al. 2021, "Learning Transferable Visual Models From
 * Natural Language Supervision", section 3.1). Labels only serve the test and the calibration. For features of a
 * network with a text encoder.
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
  const words = await promptWeights(params.prompts, train, context, 'zero-shot');
  return fitted(params, train.classes, words, context.threads);
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

/** Softmax of the cosine similarities with the prompts' vectors: float32 [rows, classes]. */
function addZeroShot(graph: GraphBuilder, features: string, saved: SavedHead): string {
  const shape = [saved.dims, saved.classes.length];
  const words = savedArray(saved, 'words', Float32Array, shape).map((value) => value * logitScale);
  const unit = addScaling(graph, features, { kind: 'l2', offset: new Float64Array(0), factor: new Float64Array(0) });
  const all = graph.constant('zero-shot.words', words, shape);
  return graph.node('Softmax', [graph.node('MatMul', [unit, all])], { axis: 1 });
}

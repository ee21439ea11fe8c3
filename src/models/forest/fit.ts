import { largestPerRow } from '../../metrics/metrics.kernel.ts';
import { loadTable, type Table } from '../../rows/table.ts';
import { UserError } from '../../system/errors.ts';
import { checkFeatures, checkTrainingTable, savedArray } from '../checks.ts';
import { fittedHead, inMemory } from '../fitted-head.ts';
import type { FitSize, MemoryPart } from '../memory-parts.ts';
import type { FitContext, FittedHead, Head, Json, SavedHead, Temperature } from '../model.ts';
import { countFeatures, type ForestParams } from './params.ts';
import { maxBins } from './trees/bins.kernel.ts';
import type { ForestArrays } from './trees/forest.kernel.ts';
import { temperatureBytes } from './trees/out-of-bag.ts';
import { maxTreeRows } from './trees/tree-scan.kernel.ts';
import { columnBlock, extraTrees, forestProbabilities, growForest } from './trees/trees.ts';

const listedFeatures = 20;

/** Random forest, like scikit-learn's RandomForestClassifier, on binned features. */
export function cartForest(params: ForestParams): Head {
  return {
    model: 'forest',
    solver: 'cart',
    params,
    ...inMemory(async (train, context) => (await fitCart(params, train, context, null)).fitted),
    needs: (size) => cartNeeds(params, size, 0),
    temperature: {
      // Not with views or groups: related rows would be in the bag of trees for which a row is out-of-bag.
      fits: (train) => train.groups === undefined && train.plainRowOf === undefined,
      rowsAre: 'out-of-bag',
      fit: async (train, context, judged) =>
        fitCart(params, await loadTable(train), context, { weights: judged ?? null }),
      needs: (size) => {
        const extra = extraTrees(params.trees);
        // With extra trees, all are joined in addition to the forest.
        return [
          ...cartNeeds(params, size, extra === 0 ? 0 : extra + params.trees / 2),
          { what: 'out-of-bag votes', bytes: temperatureBytes(size.trainRows, size.classes) },
        ];
      },
    },
  };
}

function cartNeeds(
  { trees, minLeaf }: ForestParams,
  { trainRows, dims, threads }: FitSize,
  extra: number,
): MemoryPart[] {
  // A bootstrap sample has 0.63 of the rows; with one row per leaf, a tree has as many leaves and one inner node less.
  const leaves = (0.63 * trainRows * (trees + extra)) / minLeaf;
  return [
    { what: 'bins', bytes: 2 * trainRows * dims + 8 * maxBins * dims },
    { what: 'work of the threads', bytes: (threads + 1) * trainRows * (60 + 4 * columnBlock) },
    // 12 bytes per node and per leaf; once in the trees, once in the joined forest.
    { what: 'trees', bytes: Math.ceil(2 * leaves * (2 * 12 + 12)) },
  ];
}

async function fitCart(
  params: ForestParams,
  train: Table,
  context: FitContext,
  judged: { readonly weights: Float64Array | null } | null,
): Promise<Temperature & { readonly fitted: FittedHead }> {
  checkTrainingTable(train, 'forest');
  const { features, labels, classes } = train;
  const { signal, onProgress } = context;
  if (features.rowCount > maxTreeRows) {
    throw new UserError({
      what: 'there are too many rows for a forest',
      found: `${features.rowCount} training rows`,
      expected: `at most ${maxTreeRows}`,
      fix: `--subsample ${maxTreeRows}, or --model linear --stream`,
    });
  }
  const grown = await growForest(features, labels, classes.length, train.sampleWeights ?? null, {
    treeCount: params.trees,
    maxFeatures: countFeatures(params.maxFeatures, features.columnCount),
    maxDepth: params.maxDepth ?? Number.POSITIVE_INFINITY,
    minLeaf: params.minLeaf,
    seed: context.seed,
    threads: context.threads,
    judged,
    signal,
    onTree: (done, total) => onProgress?.({ stage: 'trees', done, total }),
  });
  const { arrays, importances, outOfBag } = grown;
  const warnings: string[] = [];
  if (importances.every((share) => share === 0)) {
    warnings.push('no tree found a split: the features are constant, or there is only one class');
  }
  const details = {
    probabilities: "mean over the trees of the leaves' class shares",
    iterations: 'trees',
    outOfBagAccuracy: outOfBag?.accuracy ?? null,
    outOfBagRows: outOfBag?.rows ?? 0,
    nodes: arrays.feature.length,
    leaves: arrays.leafStart.length - 1,
    deepest: grown.deepest,
    topFeatures: mostImportant(importances),
  };
  const head = fitted(params, classes, features.columnCount, arrays, importances, details, warnings);
  return { fitted: head, ...(grown.temperature ?? { inverse: 1, rows: 0 }) };
}

function fitted(
  params: Readonly<Record<string, Json>>,
  classes: readonly string[],
  dims: number,
  forest: ForestArrays,
  featureImportances: Float64Array,
  details: Readonly<Record<string, Json>>,
  warnings: readonly string[],
): FittedHead {
  return fittedHead({
    model: 'forest',
    solver: 'cart',
    params,
    classes,
    dims,
    converged: true,
    iterations: forest.root.length,
    warnings,
    details,
    calibrated: false,
    predictBoth: async (features) => {
      checkFeatures(features, dims, 'forest');
      const probabilities = await forestProbabilities(forest, features, classes.length);
      return { predicted: largestPerRow(probabilities.data, classes.length), probabilities };
    },
    savedDetails: { ...details, warnings },
    arrays: () => {
      const arrays = Object.entries({ ...forest, featureImportances });
      return Object.fromEntries(arrays.map(([name, data]) => [name, { shape: [data.length], data }]));
    },
  });
}

/** Restores a saved forest. @throws UserError if an array is missing or has an invalid index */
export function loadCart(saved: SavedHead): FittedHead {
  const forest = savedForest(saved);
  const importances = savedArray(saved, 'featureImportances', Float64Array, [saved.dims]);
  checkLinks(forest, saved);
  const { warnings, ...details } = saved.details;
  const savedWarnings = Array.isArray(warnings) ? warnings.map(String) : [];
  return fitted(saved.params, saved.classes, saved.dims, forest, importances, details, savedWarnings);
}

export function savedForest(saved: SavedHead): ForestArrays {
  const feature = savedArray(saved, 'feature', Int32Array, [null]);
  const leafClass = savedArray(saved, 'leafClass', Int32Array, [null]);
  return {
    root: savedArray(saved, 'root', Int32Array, [null]),
    feature,
    threshold: savedArray(saved, 'threshold', Float32Array, [feature.length]),
    child: savedArray(saved, 'child', Int32Array, [feature.length]),
    leafStart: savedArray(saved, 'leafStart', Int32Array, [null]),
    leafClass,
    leafFraction: savedArray(saved, 'leafFraction', Float32Array, [leafClass.length]),
  };
}

/** Children must come after their parent, so that traversals terminate. */
function checkLinks(forest: ForestArrays, saved: SavedHead): void {
  const { root, feature, child, leafStart, leafClass } = forest;
  const nodeCount = feature.length;
  const leafCount = leafStart.length - 1;
  const broken = (what: string, at: number): UserError => {
    const where = `${what} ${at} of the saved forest`;
    return new UserError({ what: 'the saved head is damaged', where, found: 'a wrong link' });
  };
  if (root.length === 0) throw broken('tree', 0);
  for (let tree = 0; tree < root.length; tree++) {
    if (!(root[tree]! >= 0 && root[tree]! < nodeCount)) throw broken('tree', tree);
  }
  for (let node = 0; node < nodeCount; node++) {
    const leaf = feature[node] === -1;
    const fits = leaf
      ? child[node]! >= 0 && child[node]! < leafCount
      : feature[node]! >= 0 && feature[node]! < saved.dims && child[node]! > node && child[node]! + 1 < nodeCount;
    if (!fits) throw broken('node', node);
  }
  if (leafStart[0] !== 0 || leafStart[leafCount] !== leafClass.length) throw broken('leaf', 0);
  for (let leaf = 0; leaf < leafCount; leaf++) if (leafStart[leaf + 1]! <= leafStart[leaf]!) throw broken('leaf', leaf);
  for (let entry = 0; entry < leafClass.length; entry++) {
    if (!(leafClass[entry]! >= 0 && leafClass[entry]! < saved.classes.length)) throw broken('leaf entry', entry);
  }
}

function mostImportant(importances: Float64Array): Json {
  return Array.from(importances, (share, column) => ({ column, share }))
    .sort((a, b) => b.share - a.share || a.column - b.column)
    .slice(0, listedFeatures)
    .filter(({ share }) => share > 0);
}

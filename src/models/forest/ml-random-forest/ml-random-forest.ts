import type { RandomForestClassifier } from 'ml-random-forest';
import { largestPerRow } from '../../../metrics/metrics.kernel.ts';
import type { Table } from '../../../rows/table.ts';
import { UserError } from '../../../system/errors.ts';
import { checkFeatures, checkTrainingTable, savedArray } from '../../checks.ts';
import { fittedHead, inMemory } from '../../fitted-head.ts';
import type { FitContext, FittedHead, Head, Json, SavedHead } from '../../model.ts';
import { countFeatures, type ForestParams } from '../params.ts';
import { growMlForest, mlForestVotes, parseMlForest } from './grow.ts';

/** Longer runs are refused unless slow runs are allowed. */
const slowSeconds = 600;

/**
 * A forest of the npm package ml-random-forest. It draws `maxFeatures` features per tree, not per split, and `minLeaf`
 * is the node size at which it stops. Sample weights are not supported.
 *
 * @param allowSlow run even if the estimate exceeds ten minutes
 */
export function mlForest(params: ForestParams, allowSlow: boolean): Head {
  return {
    model: 'forest',
    solver: 'ml-random-forest',
    params,
    ...inMemory((train, context) => fitMlForest(params, allowSlow, train, context)),
    // The package uses nested arrays of JavaScript numbers, a copy per thread.
    needs: ({ trainRows, dims, threads }) => [
      { what: 'shared rows', bytes: 4 * trainRows * dims },
      { what: "the package's rows", bytes: 16 * trainRows * dims * Math.min(threads, params.trees) },
    ],
  };
}

async function fitMlForest(
  params: ForestParams,
  allowSlow: boolean,
  train: Table,
  context: FitContext,
): Promise<FittedHead> {
  checkTrainingTable(train, 'forest');
  if (train.sampleWeights !== undefined) {
    throw new UserError({
      what: 'ml-random-forest takes no sample or class weights',
      exitCode: 2,
      fix: 'leave the weights out, or use --solver cart',
    });
  }
  const { features, labels, classes } = train;
  const { signal, onProgress } = context;
  const json = await growMlForest(features, labels, {
    treeCount: params.trees,
    featuresPerTree: countFeatures(params.maxFeatures, features.columnCount),
    treeOptions: {
      minNumSamples: params.minLeaf,
      maxDepth: params.maxDepth ?? Number.MAX_SAFE_INTEGER,
      gainThreshold: 0,
    },
    seed: context.seed,
    threads: context.threads,
    signal,
    onTree: (done) => onProgress?.({ stage: 'trees', done, total: params.trees }),
    onEstimate: (seconds) => {
      if (seconds < slowSeconds / 10) return;
      const time = describeSeconds(seconds);
      const size = `${params.trees} trees on ${features.rowCount} rows`;
      if (seconds > slowSeconds && !allowSlow) {
        throw new UserError({
          what: `ml-random-forest would take about ${time}`,
          found: size,
          expected: `at most ${slowSeconds / 60} minutes`,
          fix: '--solver cart does it in seconds; --allow-slow starts it all the same; --trees lowers the time',
        });
      }
      onProgress?.({
        stage: 'trees',
        done: 0,
        total: params.trees,
        message: `ml-random-forest: ${size} will take about ${time}; --solver cart does it in seconds`,
      });
    },
  });
  const details = { probabilities: 'share of the trees that vote for the class', iterations: 'trees' };
  return fitted(params, classes, features.columnCount, json, details);
}

function fitted(
  params: Readonly<Record<string, Json>>,
  classes: readonly string[],
  dims: number,
  json: string,
  details: Readonly<Record<string, Json>>,
): FittedHead {
  let forest: RandomForestClassifier | undefined;
  return fittedHead({
    model: 'forest',
    solver: 'ml-random-forest',
    params,
    classes,
    dims,
    converged: true,
    iterations: Number(params['trees']),
    warnings: [],
    details,
    calibrated: false,
    predictBoth: async (features) => {
      checkFeatures(features, dims, 'forest');
      forest ??= await parseMlForest(json);
      const probabilities = await mlForestVotes(forest, features, classes.length);
      return { predicted: largestPerRow(probabilities.data, classes.length), probabilities };
    },
    arrays: () => {
      const bytes = new TextEncoder().encode(json);
      return { model: { shape: [bytes.length], data: bytes } };
    },
  });
}

/** Restores a saved forest of the package. @throws UserError if its JSON cannot be read */
export function loadMlForest(saved: SavedHead): FittedHead {
  const bytes = savedArray(saved, 'model', Uint8Array, [null]);
  const json = new TextDecoder().decode(bytes);
  try {
    const { name }: { readonly name?: unknown } = JSON.parse(json);
    if (name !== 'RFClassifier') throw new Error(`it is named ${String(name)}`);
  } catch (cause) {
    throw new UserError({
      what: 'the saved head is damaged',
      where: 'array model of the saved forest head',
      found: 'text that ml-random-forest does not read',
      cause,
    });
  }
  return fitted(saved.params, saved.classes, saved.dims, json, saved.details);
}

function describeSeconds(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} seconds`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} minutes`;
  return `${Math.round(seconds / 3600)} hours`;
}

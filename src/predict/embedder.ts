import { existsSync } from 'node:fs';
import type { Report } from '../classify/result/report.ts';
import { readActivationRanges } from '../extract/activation-ranges.ts';
import { openBackbone } from '../extract/backbone/open-backbone.ts';
import { poolRows } from '../extract/backbone/pool.ts';
import { type LoadedWeights, loadWeights } from '../extract/weights/load-weights.ts';
import { recordedWeights } from '../extract/weights/recorded-weights.ts';
import type { DeviceName } from '../features/manifest/manifest.ts';
import { toFloat16 } from '../formats/half.kernel.ts';
import { decodeNumbers } from '../formats/npy/npy.ts';
import { rowsSideBySide } from '../rows/side-by-side.ts';
import { valueAt } from '../system/at.ts';
import { UserError } from '../system/errors.ts';
import { ownCommand, withOwnCommands } from '../system/own-command.ts';
import { counted } from '../system/printable.ts';
import { shortPath } from '../system/short-path.ts';
import type { EmbeddedRows, Embedder } from './predict.ts';

export interface EmbedderOptions {
  /** Weights file to use instead of the recorded one; must be the same weights. */
  readonly weights?: string | undefined;
  /** Seed of random weights; default 0. */
  readonly seed?: number | undefined;
  readonly device: DeviceName;
  readonly threads?: number | undefined;
}

type FeatureRecipe = Pick<Report['featureSet'], 'folder'> & {
  readonly fields: NonNullable<Report['featureSet']['fields']>;
  readonly madeBy: NonNullable<Report['featureSet']['madeBy']>;
};

/** The part of a report that describes its features. */
type OfReport = Pick<Report, 'report'> & {
  readonly featureSet: Pick<Report['featureSet'], 'folder' | 'fields' | 'madeBy' | 'parts'>;
};

/**
 * How to compute the features of a report.
 *
 * @throws UserError if the features are external (it is unknown how to compute them) or of several networks
 */
export function featureRecipe(report: OfReport): FeatureRecipe {
  const { fields, madeBy, parts, folder } = report.featureSet;
  if (parts !== undefined) {
    const [first] = parts.map((part) => shortPath(part.folder));
    throw new UserError({
      what: `this head was trained on the features of ${counted(parts.length, 'network')} side by side: predict and serve run several, this takes one`,
      where: report.report,
      found: parts.map((part) => `${shortPath(part.folder)} (${part.weights})`).join(' + '),
      expected: 'a head that was trained on one feature set',
      fix: ownCommand('classify', ['--features', first ?? 'FOLDER', '--model', 'all']),
    });
  }
  if (fields === undefined || madeBy === undefined) {
    throw new UserError({
      what: 'this head was trained on a matrix that featuretap did not make, so it cannot take images',
      where: report.report,
      found: folder,
      expected: 'a head trained on a feature set of extract; this one takes rows of such a matrix',
      fix: `${withOwnCommands('featuretap extract --data FOLDER')}\nthen: ${ownCommand('classify', ['--model', 'all'])}\nfor rows of numbers: ${ownCommand('export', ['--head', report.report, '--to', 'head.onnx'])}`,
    });
  }
  return { folder, fields, madeBy };
}

/**
 * How to compute the features of each network of a report; usually one.
 *
 * @throws UserError as `featureRecipe`, and for a report of several networks by an older version
 */
export function featureRecipes(report: OfReport): readonly FeatureRecipe[] {
  const { parts } = report.featureSet;
  if (parts === undefined) return [featureRecipe(report)];
  return parts.map(({ folder, weights, fields, madeBy }) => {
    if (fields !== undefined && madeBy !== undefined) return { folder, fields, madeBy };
    throw new UserError({
      what: 'this report does not say how the features of its networks were made',
      where: report.report,
      found: `${shortPath(folder)} (${weights}) without a recipe: an older version wrote it`,
      expected: 'the recipe of every network',
      fix: 'run its classify command again: report.json holds it',
    });
  });
}

/**
 * Opens the backbone of a head's features, with its tap, pool and number format; or several, whose rows are
 * concatenated.
 *
 * @throws UserError if weights are missing or are not those of the features
 */
export async function openEmbedder(report: OfReport, options: EmbedderOptions): Promise<Embedder> {
  const recipes = featureRecipes(report);
  const given = recipes.length === 1 ? undefined : await partOfWeights(report.report, recipes, options.weights);
  const opened: Embedder[] = [];
  try {
    for (const [i, featureSet] of recipes.entries()) {
      const weights = recipes.length === 1 || given === i ? options.weights : undefined;
      opened.push(await openOne({ report: report.report, featureSet }, { ...options, weights }));
    }
  } catch (error) {
    for (const embedder of opened) await embedder.close();
    throw error;
  }
  return opened.length === 1 ? valueAt(opened, 0) : embedSideBySide(opened);
}

/** Which of several networks the given weights belong to. @throws UserError if none */
async function partOfWeights(
  where: string,
  recipes: readonly FeatureRecipe[],
  given: string | undefined,
): Promise<number | undefined> {
  if (given === undefined) return undefined;
  const found = new Set<string>();
  for (const [i, { fields, madeBy }] of recipes.entries()) {
    const { spec, options } = recordedWeights(madeBy, given);
    const sha256 = sha256Of(await loadWeights(spec, options));
    if (sha256 === fields.weightsSha256) return i;
    found.add(sha256);
  }
  throw new UserError({
    what: 'these weights are of no network that made the features of this head',
    where,
    found: `${given}, with sha256 ${[...found].join(', ')}`,
    expected: recipes.map(({ fields, madeBy }) => `${fields.weightsSha256} (${madeBy.weights})`).join(' or '),
    fix: '--weights FILE names the weights of the network whose file was moved',
  });
}

async function openOne(report: OfReport, options: EmbedderOptions): Promise<Embedder> {
  const { fields, folder } = featureRecipe(report);
  const { calibration } = fields;
  const backbone = await openBackbone({
    weights: await sameWeights(report, options),
    tap: fields.tap,
    preprocessing: fields.preprocessing,
    device: options.device,
    threads: options.threads,
    activationRanges: calibration && (await readActivationRanges([report.report, folder], calibration.sha256)),
  });
  return {
    recipe: fields.preprocessing,
    tapShape: backbone.tap.shape,
    embed: async (batch) => {
      const tap = await backbone.run(batch);
      const { rowCount, data } = poolRows(tap, fields.pool, fields.prefixTokens);
      const columnCount = rowCount === 0 ? 0 : data.length / rowCount;
      return { rowCount, columnCount, data: fields.dtype === 'float16' ? throughFloat16(data) : data, tap };
    },
    close: () => backbone.close(),
  };
}

/** Rows as of `classify --features A+B`. */
function embedSideBySide(networks: readonly Embedder[]): Embedder {
  const [first, others] = [valueAt(networks, 0), networks.slice(1)];
  return {
    recipe: { ...first.recipe, beside: others.map(({ recipe }) => recipe) },
    tapShape: first.tapShape,
    embed: async (...batches) => {
      const parts: EmbeddedRows[] = [];
      for (const [i, network] of networks.entries()) parts.push(await network.embed(valueAt(batches, i)));
      const { rowCount, tap } = valueAt(parts, 0);
      const dims = parts.map(({ columnCount }) => columnCount);
      return { ...(await rowsSideBySide(rowCount, dims, async (i) => valueAt(parts, i))), tap };
    },
    close: async () => {
      for (const network of networks) await network.close();
    },
  };
}

/**
 * Loads the weights of the features and checks that they are the same.
 *
 * @throws UserError if they are missing or differ
 */
export async function sameWeights(
  report: OfReport,
  { weights: given, seed }: Pick<EmbedderOptions, 'weights' | 'seed'>,
): Promise<LoadedWeights> {
  const { fields, madeBy } = featureRecipe(report);
  const { spec, options } = recordedWeights(madeBy, given);
  if (given === undefined && spec === madeBy.weightsFile && !existsSync(spec)) {
    throw new UserError({
      what: 'the weights of the backbone that made the features are gone',
      where: madeBy.weightsFile,
      expected: `the file with sha256 ${fields.weightsSha256}`,
      fix: '--weights FILE gives its new location',
    });
  }
  const loaded = await loadWeights(spec, { ...options, seed: seed ?? options.seed ?? 0 });
  const sha256 = sha256Of(loaded);
  if (sha256 === fields.weightsSha256) return loaded;
  throw new UserError({
    what: 'this head was trained on features of another backbone: its predictions would be meaningless',
    where: spec,
    found: `weights with sha256 ${sha256}`,
    expected: `${fields.weightsSha256} (${madeBy.weights})`,
    fix: spec.startsWith('random')
      ? '--seed N with the seed that extract had'
      : '--weights FILE with the weights of the feature set, or classify again on features of these weights',
  });
}

function sha256Of(loaded: LoadedWeights): string {
  return loaded.kind === 'onnx' ? loaded.sha256 : loaded.stateDict.sha256;
}

/** Rounds a row through float16, as a float16 shard does. */
function throughFloat16(data: Float32Array): Float32Array {
  const out = new Float32Array(data.length);
  decodeNumbers(new Uint8Array(toFloat16(data).buffer), 'float16', out);
  return out;
}

import { existsSync } from 'node:fs';
import type { Report } from '../classify/result/report.ts';
import { readActivationRanges } from '../extract/activation-ranges.ts';
import { openBackbone } from '../extract/backbone/open-backbone.ts';
import { poolRows } from '../extract/backbone/pool.ts';
import { type LoadedWeights, loadWeights } from '../extract/weights/load-weights.ts';
import { recordedWeights } from '../extract/weights/recorded-weights.ts';
import type { DeviceName } from '../features/manifest/manifest.ts';
import { toFloat16 } from '../formats/npy/float16.kernel.ts';
import { decodeNumbers } from '../formats/npy/npy.ts';
import { UserError } from '../system/errors.ts';
import { shortPath } from '../system/short-path.ts';
import type { Embedder } from './predict.ts';

export interface EmbedderOptions {
  /** Instead of the file that the feature set names; must be the same weights. */
  readonly weights?: string | undefined;
  /** Of random weights; default 0. */
  readonly seed?: number | undefined;
  readonly device: DeviceName;
  readonly threads?: number | undefined;
}

type FeatureRecipe = Report['featureSet'] & {
  readonly fields: NonNullable<Report['featureSet']['fields']>;
  readonly madeBy: NonNullable<Report['featureSet']['madeBy']>;
};

/**
 * The recipe that made the features of a report.
 *
 * @throws UserError where the features are external (nothing says how an image becomes such a row) or several networks'
 */
export function featureRecipe(report: Pick<Report, 'featureSet' | 'report'>): FeatureRecipe {
  const { fields, madeBy, parts } = report.featureSet;
  if (parts !== undefined) {
    const [first] = parts.map(({ folder }) => shortPath(folder));
    throw new UserError({
      what: `this head was trained on the features of ${parts.length} networks side by side, and images are run through one network alone`,
      where: report.report,
      found: parts.map(({ folder, weights }) => `${shortPath(folder)} (${weights})`).join(' + '),
      expected: 'a head that was trained on one feature set',
      fix: `featuretap classify --features ${first} trains one`,
    });
  }
  if (fields === undefined || madeBy === undefined) {
    throw new UserError({
      what: 'this head was trained on a matrix that featuretap did not make, so it cannot take images',
      where: report.report,
      found: report.featureSet.folder,
      expected: 'a head that was trained on a feature set of extract',
      fix: 'featuretap extract --data FOLDER, then featuretap classify on its feature set',
    });
  }
  return { ...report.featureSet, fields, madeBy };
}

/**
 * Opens the backbone that made a head's features, cut off behind its tap, with its pool and number format.
 *
 * @throws UserError when the weights are gone or are not the ones that made the features
 */
export async function openEmbedder(
  report: Pick<Report, 'featureSet' | 'report'>,
  options: EmbedderOptions,
): Promise<Embedder> {
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

/**
 * Loads the weights that the features were made with, and no others.
 *
 * @throws UserError when they are gone or differ
 */
export async function sameWeights(
  report: Pick<Report, 'featureSet' | 'report'>,
  { weights: given, seed }: Pick<EmbedderOptions, 'weights' | 'seed'>,
): Promise<LoadedWeights> {
  const { fields, madeBy } = featureRecipe(report);
  const { spec, options } = recordedWeights(madeBy, given);
  if (given === undefined && spec === madeBy.weightsFile && !existsSync(spec)) {
    throw new UserError({
      what: 'the weights of the backbone that made the features are gone',
      where: madeBy.weightsFile,
      expected: `the file with sha256 ${fields.weightsSha256}`,
      fix: '--weights FILE names it where it lies now',
    });
  }
  const loaded = await loadWeights(spec, { ...options, seed: seed ?? options.seed ?? 0 });
  const sha256 = loaded.kind === 'onnx' ? loaded.sha256 : loaded.stateDict.sha256;
  if (sha256 === fields.weightsSha256) return loaded;
  throw new UserError({
    what: 'this head was trained on features of another backbone: its answers would mean nothing',
    where: spec,
    found: `weights with sha256 ${sha256}`,
    expected: `${fields.weightsSha256} (${madeBy.weights})`,
    fix: spec.startsWith('random')
      ? '--seed N with the seed that extract had'
      : '--weights FILE with the weights of the feature set, or classify again on features of these weights',
  });
}

/** What reading the row back from a float16 shard would give. */
function throughFloat16(data: Float32Array): Float32Array {
  const out = new Float32Array(data.length);
  decodeNumbers(new Uint8Array(toFloat16(data).buffer), 'float16', out);
  return out;
}

import { basename, resolve } from 'node:path';
import { keepActivationRanges, readActivationRanges } from '../extract/activation-ranges.ts';
import { extract } from '../extract/extract.ts';
import { loadNetwork } from '../extract/network-source.ts';
import { type ExtractContext, featureFolder } from '../extract/plan.ts';
import { recordedWeights } from '../extract/weights/recorded-weights.ts';
import type { Outcome } from '../features/index/outcomes.ts';
import { differences, fingerprintOf } from '../features/manifest/fingerprint.ts';
import { unlabelledSuffix } from '../features/manifest/layout.ts';
import type { DeviceName } from '../features/manifest/manifest.ts';
import { type FeatureSet, openFeatureSet } from '../features/reader.ts';
import { type EmbedderOptions, featureRecipe, sameWeights } from '../predict/embedder.ts';
import type { ShippedHead } from '../predict/load-head.ts';
import { makeFolder } from '../system/durable.ts';
import { UserError } from '../system/errors.ts';
import { nodeFiles } from '../system/files.ts';
import { checkUnlabelled } from './suggest.ts';

interface UnlabelledOptions extends Pick<ExtractContext, 'command' | 'version' | 'signal'> {
  /** Folder or archive of photos; folder names are ignored. */
  readonly from: string;
  readonly cache: string;
  /** Of the feature set. */
  readonly name: string;
  readonly weights?: string | undefined;
  /** Of random weights. */
  readonly seed?: number | undefined;
  readonly threads?: number | undefined;
  /** Default: the CPU if it computed the head's features, else `auto`. */
  readonly device?: DeviceName | 'auto' | undefined;
  readonly batch: number;
  readonly onProgress: NonNullable<ExtractContext['onProgress']>;
  readonly onNote: (line: string) => void;
  readonly onWarning: (line: string) => void;
}

/**
 * Extracts features of photos with the network of a head. A stopped run is continued, and existing features are reused.
 * Unreadable photos are left out and counted.
 *
 * @throws UserError as `extract`, and if the weights of the head's features are missing or differ
 */
export async function extractUnlabelled(
  { report }: Pick<ShippedHead, 'report'>,
  options: UnlabelledOptions,
): Promise<FeatureSet> {
  const { fields, madeBy, folder: ownSet } = featureRecipe(report);
  await checkUnlabelled(report, options.from, options.signal);
  const folder = featureFolder(options.from, options.cache, options.name);
  const { calibration, preprocessing, tap, pool, dtype, precision } = fields;
  if (calibration !== undefined) {
    const ranges = await readActivationRanges([report.report, ownSet], calibration.sha256);
    await makeFolder(nodeFiles, folder);
    await keepActivationRanges(nodeFiles, folder, { activationRanges: ranges, sha256: calibration.sha256 });
  }
  const device = options.device ?? (madeBy.device === 'cpu' ? 'cpu' : 'auto');
  const given: Pick<EmbedderOptions, 'weights' | 'seed'> = options;
  const { spec, options: recorded } = recordedWeights(madeBy, options.weights);
  const { onProgress, onNote, onWarning, signal, command, version, threads, batch } = options;
  await extract({
    plan: {
      data: options.from,
      layout: { labelFrom: 'none' },
      folder,
      weights: spec,
      engine: 'auto',
      device,
      tap,
      pool,
      preprocessing,
      dtype,
      precision,
      seed: calibration?.seed ?? 0,
    },
    policy: { batch, threads, skipUnreadable: true },
    context: {
      network: async () => {
        await sameWeights(report, given);
        const seed = options.seed ?? recorded.seed ?? 0;
        return loadNetwork(spec, { ...recorded, seed, device, threads, onProgress, onNote });
      },
      command,
      version,
      ...(signal && { signal }),
      onProgress,
      onNote,
      onWarning,
    },
  });
  const set = await openFeatureSet(folder);
  // Views are only for training.
  const { views: _views, ...plain } = fields;
  if (set.manifest.fingerprint === fingerprintOf(plain)) return set;
  throw new UserError({
    what: 'the features of the photos are not made as those of the head',
    where: folder,
    found: differences(plain, set.manifest.fields).join(', '),
    expected: 'the same recipe',
    fix: '--name OTHER makes another feature set',
  });
}

/** Default name of the feature set of a folder's photos. */
export function unlabelledName(from: string): string {
  const name = basename(resolve(from)).replace(/\.(?:zip|tar)$/i, '');
  return `${name === '' ? 'photos' : name}${unlabelledSuffix}`;
}

/** The photos that could not be read, and why. */
export function unreadPhotos({ outcomes }: FeatureSet): readonly Outcome[] {
  return outcomes.filter(({ outcome }) => outcome === 'unreadable' || outcome === 'failed');
}

import { existsSync } from 'node:fs';
import type { Files } from '../system/files.ts';
import { defaultCrop } from './backbone/resnet-taps.ts';
import { type SpeedFile, speedsIn } from './explain/speed.ts';
import { knownWeights } from './weights/known-weights.ts';
import { knownWeightsFile } from './weights/load-weights.ts';
import { type NamedNetwork, namedNetwork } from './weights/named-network.ts';
import { type PackagedWeights, packagedFile, packagedNames, packagedWeightsOf } from './weights/packaged-weights.ts';
import { type Architecture, neededTensors, planResNet } from './weights/resnet.ts';

/** A network known to `--weights` by name, and its properties. */
export interface KnownBackbone {
  readonly name: string;
  readonly architecture: Architecture;
  /** Number of trainable parameters as counted by torchvision: with `fc`, without running means and variances. */
  readonly parameters: number;
  /** Shorter side after Resize, and side of the centre crop, in pixels. */
  readonly resize: number;
  readonly crop: number;
  /** Features per image after the average pool. */
  readonly features: number;
  /** 0 if its weights ship with the package. */
  readonly downloadMebibytes: number;
  readonly licence: BackboneLicence;
  readonly file: string;
  readonly downloaded: boolean;
  /** Speeds of the last run of each feature set in the cache with this architecture. */
  readonly measured: readonly Measured[];
}

interface BackboneLicence {
  readonly code: string;
  /** null if the publisher of the weights names none. */
  readonly weights: string | null;
}

export interface Measured extends SpeedFile {
  readonly imagesPerSecond: number;
}

/** torchvision's LICENSE is BSD-3-Clause; its README, "Pre-trained Model License", names no licence of the weights. */
const torchvisionLicence: BackboneLicence = { code: 'BSD-3-Clause', weights: null };

/**
 * Lists the networks known by name: first downloadable ones, then those of the package.
 *
 * @param cache folder of feature sets, for measured speeds
 */
export async function listBackbones(files: Files, cache: string): Promise<readonly KnownBackbone[]> {
  const speeds = await speedsIn(files, cache);
  const listed = (name: string, rest: OwnFigures): KnownBackbone => {
    const { architecture, classCount, crop = defaultCrop } = namedNetwork(name) as NamedNetwork;
    return {
      name,
      architecture,
      parameters: parameterCount(architecture, classCount),
      crop,
      features: planResNet(architecture).featureCount,
      ...rest,
      downloaded: existsSync(rest.file),
      measured: speeds
        .filter((speed) => speed.architecture === architecture)
        .map((speed) => ({ ...speed, imagesPerSecond: speed.images / speed.seconds })),
    };
  };
  const downloads = Object.entries(knownWeights).map(([name, { resize, mebibytes }]) => {
    const file = knownWeightsFile(name) as string;
    return listed(name, { resize, downloadMebibytes: mebibytes, licence: torchvisionLicence, file });
  });
  const packaged = packagedNames.map((name) => {
    const weights = packagedWeightsOf(name) as PackagedWeights;
    const licence = { code: weights.licence, weights: weights.licence };
    return listed(name, { resize: weights.resize, downloadMebibytes: 0, licence, file: packagedFile(weights) });
  });
  return [...downloads, ...packaged];
}

/** Properties that do not follow from the architecture. */
type OwnFigures = Pick<KnownBackbone, 'resize' | 'downloadMebibytes' | 'licence' | 'file'>;

/** @param classCount outputs of `fc`; undefined if there is none */
function parameterCount(architecture: Architecture, classCount: number | undefined): number {
  const plan = planResNet(architecture);
  let count = (plan.featureCount + 1) * (classCount ?? 0);
  for (const [tensor, shape] of neededTensors(plan)) {
    if (!tensor.includes('.running_')) count += shape.reduce((product, side) => product * side, 1);
  }
  return count;
}

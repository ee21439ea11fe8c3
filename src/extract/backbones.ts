import { existsSync } from 'node:fs';
import type { Files } from '../system/files.ts';
import { defaultCrop } from './backbone/resnet-taps.ts';
import { type SpeedFile, speedsIn } from './explain/speed.ts';
import { knownWeights } from './weights/known-weights.ts';
import { knownWeightsFile } from './weights/load-weights.ts';
import { type NamedNetwork, namedNetwork } from './weights/named-network.ts';
import { type PackagedWeights, packagedFile, packagedNames, packagedWeightsOf } from './weights/packaged-weights.ts';
import { type Architecture, neededTensors, planResNet } from './weights/resnet.ts';

/** A network that `--weights` knows by its name, and what is known of it before it is used. */
export interface KnownBackbone {
  /** As `--weights` takes it. */
  readonly name: string;
  readonly architecture: Architecture;
  /** Learned numbers, those of `fc` among them where it has one, as torchvision counts: running means and variances are none. */
  readonly parameters: number;
  /** The shorter side after Resize, and the side of the square that is cut from its middle, in pixels. */
  readonly resize: number;
  readonly crop: number;
  /** Numbers per image behind the average pool. */
  readonly features: number;
  /** 0 where its weights come with the program. */
  readonly downloadMebibytes: number;
  readonly licence: BackboneLicence;
  /** Where its file lies once it is downloaded. */
  readonly file: string;
  /** Whether its file is here. */
  readonly downloaded: boolean;
  /** The last run over each feature set of the cache that was made with its architecture. */
  readonly measured: readonly Measured[];
}

interface BackboneLicence {
  readonly code: string;
  /** null if whoever publishes the weights names none. */
  readonly weights: string | null;
}

export interface Measured extends SpeedFile {
  readonly imagesPerSecond: number;
}

/** torchvision's LICENSE is BSD-3-Clause; its README, "Pre-trained Model License", names no licence of the weights. */
const torchvisionLicence: BackboneLicence = { code: 'BSD-3-Clause', weights: null };

/**
 * The networks that are known by name: those to be downloaded in the order of the known weights, then those of the package.
 *
 * @param cache folder of feature sets, for the speeds that were measured here
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

/** What does not follow from a network's shape. */
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

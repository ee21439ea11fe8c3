import type { Dtype } from '../../formats/npy/npy.ts';

/** `cls`: a transformer's class token; `cls+mean`: the class token and the mean of the patch tokens. */
export type Pool = (typeof pools)[number];

export const pools = ['mean', 'max', 'none', 'cls', 'cls+mean'] as const;

export type Precision = 'float32' | 'int8';
export const engineNames = ['onnx', 'tensorflow'] as const;
export type EngineName = (typeof engineNames)[number];
export type DeviceName = 'cpu' | 'cuda' | 'webgpu';

/** Pillow's names of the filters of `Image.resize`. */
export type Interpolation = (typeof interpolations)[number];

export const interpolations = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'] as const;

/** From a decoded image to the network's input: torchvision's Resize, CenterCrop, ToTensor and Normalize. */
export interface Preprocessing {
  /** Shorter side after Resize in pixels, or both sides, ignoring the aspect ratio. */
  readonly resize: number | readonly [height: number, width: number];
  /** Side of the square CenterCrop, in pixels. */
  readonly crop: number;
  /** How an odd margin around the crop is rounded: as transformers' processors do; absent: as torchvision does. */
  readonly centerCrop?: 'transformers';
  readonly interpolation: Interpolation;
  /**
   * Rescales to [0, 1] first, then resizes in floating point: torchvision's antialiased resize of tensors. Absent:
   * resizes bytes as Pillow does, then rescales.
   */
  readonly resizeIn?: 'float32';
  /** Channels of the images. Absent: 3, RGB. 1: greyscale. Others: bands of TIFF files, resized in floating point. */
  readonly channels?: number;
  /** Per channel, on [0, 1]. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Whether EXIF orientation is applied before the resize; torchvision does not. */
  readonly autoOrient: boolean;
  /** Takes the high byte of 16-bit grey samples; absent: clips them at 255, as Pillow does. */
  readonly sixteenBit?: 'scale';
}

/** Everything that affects the numbers of the feature set, and nothing else. */
export interface FingerprintFields {
  readonly architecture: string;
  /** sha256 of the weights file's bytes, lower-case hex; for `random`, of the seeded state dict. */
  readonly weightsSha256: string;
  readonly tap: string;
  readonly pool: Pool;
  /** Number of leading tokens (class and register tokens) that the mean over a transformer's patches skips. */
  readonly prefixTokens?: number;
  readonly preprocessing: Preprocessing;
  readonly dtype: Dtype;
  readonly precision: Precision;
  /** int8 only: seed and images of the calibration, and the sha256 of the activation ranges. */
  readonly calibration?: { readonly seed: number; readonly images: readonly string[]; readonly sha256: string };
  /** Augmented views per image beside the plain one. */
  readonly views?: { readonly count: number; readonly seed: number };
}

export interface ShardEntry {
  readonly file: string;
  readonly rowCount: number;
  readonly sha256: string;
}

/** Outcome counts of the data folder's inputs; `total` is the sum of the others. */
export interface OutcomeCounts {
  /** Has a row of its own. */
  readonly kept: number;
  /** The same bytes as a kept one: shares its row. */
  readonly duplicate: number;
  /** Listed in labels.csv but without a file. */
  readonly missing: number;
  /** Not an image, corrupt, or of an unsupported kind. */
  readonly unreadable: number;
  /** The file could not be read, or changed while it was. */
  readonly failed: number;
  readonly total: number;
  /** Files of the data folder that are not inputs, each with a line in outcomes.csv; absent if there are none. */
  readonly leftOut?: number;
}

/** What computed the rows. Not in the fingerprint: it changes no number beyond the stated tolerance. */
export interface MadeBy {
  readonly featuretap: string;
  readonly engine: EngineName;
  readonly engineVersion: string;
  readonly device: DeviceName;
  /** As the user gave them: `resnet50`, `random` or a path; a network of a hub with its commit: `hf:OWNER/NAME@COMMIT`. */
  readonly weights: string;
  /** Absolute path of the weights file, absent for `random`. */
  readonly weightsFile?: string | undefined;
  /** Key of the state dict used, if the weights file is a checkpoint with several. */
  readonly weightsKey?: string | undefined;
  /** Variant of a published network's graph, if not the default one. */
  readonly weightsVariant?: string | undefined;
  /** `random` only: the seed of its weights. */
  readonly weightsSeed?: number | undefined;
  readonly data: string;
}

/**
 * manifest.json, format version 1. It lists every other file with its sha256 and is written last: renaming it into
 * place switches from the old state to the new one atomically. A feature set without it is incomplete.
 */
export interface Manifest {
  readonly formatVersion: 1;
  /** sha256 over the canonical JSON of `fields`, lower-case hex. */
  readonly fingerprint: string;
  readonly fields: FingerprintFields;
  /** Rows in the shards, including those of deleted images until `extract --prune`. */
  readonly rowCount: number;
  /** Images in index.csv. Each has 1 row, followed by `fields.views.count` rows of augmented views. */
  readonly imageCount: number;
  /** Shape of one row: [2048] for a pooled vector, [2048, 7, 7] for a whole map. */
  readonly rowShape: readonly number[];
  /** Numbers per row: the product of `rowShape`. */
  readonly dims: number;
  readonly shards: readonly ShardEntry[];
  readonly indexSha256: string;
  readonly labelsSha256: string;
  readonly outcomesSha256: string;
  readonly counts: OutcomeCounts;
  readonly madeBy: MadeBy;
  /**
   * Channel means of the tap for a fixed synthetic image, float32, little-endian, base64. Another engine or device must
   * reproduce them before it may add rows.
   */
  readonly canary: string;
  /** sha256 over the canonical JSON of all other fields: detects any flipped bit. */
  readonly sha256: string;
}

/** Whether the weights are random: accuracies then say nothing about pretrained features. */
export function isRandom(madeBy: Pick<MadeBy, 'weights'>): boolean {
  return madeBy.weights === 'random' || madeBy.weights.startsWith('random:');
}

/** Numbers in one row. */
export function rowLength(rowShape: readonly number[]): number {
  return rowShape.reduce((product, side) => product * side, 1);
}

/** Rows of one image: the plain one and its views. */
export function rowsPerImage(fields: Pick<FingerprintFields, 'views'>): number {
  return 1 + (fields.views?.count ?? 0);
}

import type { Dtype } from '../../formats/npy/npy.ts';

/** `cls` and `cls+mean`: of a transformer's tokens, the class token and the mean over its patches. */
export type Pool = (typeof pools)[number];

export const pools = ['mean', 'max', 'none', 'cls', 'cls+mean'] as const;

export type Precision = 'float32' | 'int8';
export const engineNames = ['onnx', 'tensorflow'] as const;
export type EngineName = (typeof engineNames)[number];
export type DeviceName = 'cpu' | 'cuda' | 'webgpu';

/** Pillow's filters for `Image.resize`, by its names. */
export type Interpolation = (typeof interpolations)[number];

export const interpolations = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'] as const;

/** How a decoded image becomes the network's input; torchvision's Resize, CenterCrop, ToTensor, Normalize. */
export interface Preprocessing {
  /** Length of the shorter side after Resize, in pixels; or both sides, whatever the image's ratio. */
  readonly resize: number | readonly [height: number, width: number];
  /** Side of the square CenterCrop, in pixels. */
  readonly crop: number;
  /** Where the crop lies when it cannot lie in the middle: as transformers' processors put it; absent: torchvision's. */
  readonly centerCrop?: 'transformers';
  readonly interpolation: Interpolation;
  /**
   * Pixels are rescaled to [0, 1] first and resized as floating-point numbers, which nothing rounds: torchvision's resize
   * of tensors with antialiasing. Absent: resized as bytes, which is Pillow's, and rescaled then.
   */
  readonly resizeIn?: 'float32';
  /** Of the images; absent: 3, RGB. 1: grey images. Others: bands of TIFF files, resized in floating point. */
  readonly channels?: number;
  /** Per channel, on [0, 1]. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Whether EXIF orientation is applied before the resize; torchvision does not. */
  readonly autoOrient: boolean;
  /** Grey samples of 16 bits are taken by their high byte; absent: clipped at 255, as Pillow does. */
  readonly sixteenBit?: 'scale';
}

/** Everything that changes a number in the feature set, and nothing that does not. */
export interface FingerprintFields {
  readonly architecture: string;
  /** sha256 of the weights file's bytes, lower-case hex; for `random`, of the seeded state dict. */
  readonly weightsSha256: string;
  readonly tap: string;
  readonly pool: Pool;
  /** The mean over a transformer's patches leaves so many tokens out, the first ones: class and register tokens. */
  readonly prefixTokens?: number;
  readonly preprocessing: Preprocessing;
  readonly dtype: Dtype;
  readonly precision: Precision;
  /** int8 only: what the activation ranges were measured on, and the measurements' own sha256. */
  readonly calibration?: { readonly seed: number; readonly images: readonly string[]; readonly sha256: string };
  /** Augmented views per image beside the plain one. */
  readonly views?: { readonly count: number; readonly seed: number };
}

export interface ShardEntry {
  readonly file: string;
  readonly rowCount: number;
  /** sha256 of the shard file's bytes, lower-case hex. */
  readonly sha256: string;
}

/** How every input of the data folder ended; `total` is the sum of the others. */
export interface OutcomeCounts {
  /** Has a row of its own. */
  readonly kept: number;
  /** The same bytes as a kept one: shares its row. */
  readonly duplicate: number;
  /** Named by labels.csv, without a file. */
  readonly missing: number;
  /** Not an image, broken, or of a kind that is refused. */
  readonly unreadable: number;
  /** The file could not be read, or changed while it was. */
  readonly failed: number;
  readonly total: number;
  /** Files of the data folder that are not inputs, each with a line in outcomes.csv; absent if there are none. */
  readonly leftOut?: number;
}

/** What made the rows. Recorded beside the fingerprint: it does not change a number beyond the stated tolerance. */
export interface MadeBy {
  readonly featuretap: string;
  readonly engine: EngineName;
  readonly engineVersion: string;
  readonly device: DeviceName;
  /** As the user gave them: `resnet50`, `random` or a path; a network of a hub with its commit: `hf:OWNER/NAME@COMMIT`. */
  readonly weights: string;
  /** Absolute path of the weights file, absent for `random`. */
  readonly weightsFile?: string | undefined;
  /** The key of the state dict that was taken, where the weights file is a checkpoint with several. */
  readonly weightsKey?: string | undefined;
  /** Which graph of a published network it is, where it is not the plain one. */
  readonly weightsVariant?: string | undefined;
  /** `random` alone: the seed that its weights were drawn from. */
  readonly weightsSeed?: number | undefined;
  /** Absolute path of the data folder. */
  readonly data: string;
}

/**
 * manifest.json, format version 1. Written last: a feature set without it is not whole. It names every other file
 * with its sha256, so that its rename is the one moment in which a new state takes the place of the old one.
 */
export interface Manifest {
  readonly formatVersion: 1;
  /** sha256 over the canonical JSON of `fields`, lower-case hex. */
  readonly fingerprint: string;
  readonly fields: FingerprintFields;
  /** Rows in the shards; those of deleted images are among them until `extract --prune`. */
  readonly rowCount: number;
  /** Images in index.csv. Each has 1 row, and `fields.views.count` more after it where views are kept. */
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
   * The tap's channel means of a fixed drawn picture, float32, little-endian, base64: what adds rows on another engine
   * or device must give the same.
   */
  readonly canary: string;
  /** sha256 over the canonical JSON of all other fields: one flipped bit anywhere in them shows. */
  readonly sha256: string;
}

/** Whether the weights were drawn, not learned: accuracies then say nothing about pretrained features. */
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

import type { StepSeconds } from '../../../src/extract/stopwatch.ts';
import type { DeviceName, EngineName } from '../../../src/features/manifest/manifest.ts';

/** Common to all contestants: prepared files, and how long to measure. theirs.py reads the same. */
export interface Common {
  readonly architecture: string;
  readonly crop: number;
  readonly resize: number;
  /** File of decoded images, [images, crop, crop, 3] bytes. */
  readonly pixels: string;
  /** .safetensors in float32 with torchvision's names. */
  readonly weights: string;
  /** Folder of JPEG files, and their names. */
  readonly data: string;
  readonly images: readonly string[];
  /** Batch size when the network runs alone. */
  readonly batches: readonly number[];
  /** Batch size from files; 0: not measured. */
  readonly endToEndBatch: number;
  readonly rounds: number;
  readonly roundSeconds: number;
  /** Images whose features are compared: complete batches of the first size. */
  readonly comparedRows: number;
  readonly cores: number;
}

/** One contestant of this project. */
export interface Task extends Common {
  readonly engine: EngineName;
  readonly device: DeviceName;
  readonly precision: 'float32' | 'float16';
  /**
   * `bytes`: the graph includes normalization and the mean over the map; `floats`: the feeding thread computes them.
   */
  readonly feed: 'floats' | 'bytes';
  /** Output for the features, float32, one row per compared image. */
  readonly features: string;
  /** Measures only decoding. */
  readonly decodeOnly?: boolean;
}

/** Input of theirs.py. */
export interface TorchTask extends Common {
  readonly contestants: readonly {
    readonly label: string;
    readonly dtype: 'float32' | 'float16';
    readonly tf32: boolean;
    readonly compile: boolean;
    readonly features: string;
  }[];
}

/** The lines that a contestant prints, one JSON object each. */
export type Line =
  | { readonly label?: string; readonly opened: { readonly version: string; readonly seconds: number } }
  | { readonly label?: string; readonly network: NetworkRate }
  | { readonly label?: string; readonly endToEnd: EndToEnd }
  | { readonly label?: string; readonly decoding: { readonly images: number; readonly seconds: number } }
  | { readonly label?: string; readonly failed: string };

export interface NetworkRate {
  readonly batch: number;
  /** The first run of this batch size, including compilation and autotuning. */
  readonly firstSeconds: number;
  /** Images per second of each round. */
  readonly each: readonly number[];
}

export interface EndToEnd {
  readonly batch: number;
  readonly images: number;
  readonly seconds: number;
  /** Our time by step: reading, decoding and resizing summed over threads, the others elapsed. */
  readonly steps?: StepSeconds;
}

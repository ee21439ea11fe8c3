import type { StepSeconds } from '../../../src/extract/stopwatch.ts';
import type { DeviceName, EngineName } from '../../../src/features/manifest/manifest.ts';

/** What is the same for all: files that were prepared, and how long to measure. theirs.py reads the same. */
export interface Common {
  readonly architecture: string;
  readonly crop: number;
  readonly resize: number;
  /** File of decoded images, [images, crop, crop, 3] bytes. */
  readonly pixels: string;
  /** torchvision's names, float32, .safetensors. */
  readonly weights: string;
  /** Folder of JPEG files, and the files in it. */
  readonly data: string;
  readonly images: readonly string[];
  /** Images per run when the network runs alone. */
  readonly batches: readonly number[];
  /** Images per run from files; 0: not measured. */
  readonly endToEndBatch: number;
  readonly rounds: number;
  readonly roundSeconds: number;
  /** Images whose features are compared: whole batches of the first size. */
  readonly comparedRows: number;
  readonly cores: number;
}

/** One contestant of ours. */
export interface Task extends Common {
  readonly engine: EngineName;
  readonly device: DeviceName;
  readonly precision: 'float32' | 'float16';
  /** `bytes`: normalization and the mean over the map are part of the graph; `floats`: done by the thread that feeds it. */
  readonly feed: 'floats' | 'bytes';
  /** Where to write the features, float32, one row per compared image. */
  readonly features: string;
  /** Measures decoding alone, and no network. */
  readonly decodeOnly?: boolean;
}

/** What theirs.py is told. */
export interface TorchTask extends Common {
  readonly contestants: readonly {
    readonly label: string;
    readonly dtype: 'float32' | 'float16';
    readonly tf32: boolean;
    readonly compile: boolean;
    readonly features: string;
  }[];
}

/** The lines that a contestant's process prints, one JSON object each. */
export type Line =
  | { readonly label?: string; readonly opened: { readonly version: string; readonly seconds: number } }
  | { readonly label?: string; readonly network: NetworkRate }
  | { readonly label?: string; readonly endToEnd: EndToEnd }
  | { readonly label?: string; readonly decoding: { readonly images: number; readonly seconds: number } }
  | { readonly label?: string; readonly failed: string };

export interface NetworkRate {
  readonly batch: number;
  /** The first run of this batch size, with what is compiled or searched for it. */
  readonly firstSeconds: number;
  /** Images per second of each round. */
  readonly each: readonly number[];
}

export interface EndToEnd {
  readonly batch: number;
  readonly images: number;
  readonly seconds: number;
  /** Where our time goes: reading, decoding and resizing summed over threads, the others elapsed. */
  readonly steps?: StepSeconds;
}

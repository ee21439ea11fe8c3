import type { Preprocessing } from '../../../features/manifest/manifest.ts';
import type { ImageFile } from '../list/image-file.ts';
import type { ViewRecipe } from '../views/views.ts';

/** Everything that affects the pixels of an image. */
export interface PixelRecipe extends Omit<Preprocessing, 'mean' | 'std'> {
  readonly views?: ViewRecipe | undefined;
  /** Recipes of further networks for the same image; absent: none. */
  readonly beside?: readonly PixelRecipe[] | undefined;
}

/** Processor seconds of one image, by step. */
export interface PixelSeconds {
  /** Reading the file and hashing its bytes. */
  readonly read: number;
  readonly decode: number;
  readonly resize: number;
}

/** The file was decoded. */
export interface PixelsReady {
  readonly outcome: 'pixels';
  readonly image: ImageFile;
  readonly sha256: string;
  /** [crop, crop, 3], RGB, row by row, in the recipe's format (`samples.ts`). */
  readonly pixels: Uint8Array;
  /** The recipe's views, of the same shape as `pixels`; view 1 comes first. */
  readonly views: readonly Uint8Array[];
  /** The same image by each recipe of `beside`; absent: none. */
  readonly beside?: readonly Uint8Array[] | undefined;
  /** Whether 16-bit grey samples above 255 were clipped: almost all white. */
  readonly clipped: boolean;
  readonly seconds: PixelSeconds;
}

interface ImageKnown {
  readonly outcome: 'known';
  readonly image: ImageFile;
  readonly sha256: string;
  readonly seconds: PixelSeconds;
}

interface ImageFailed {
  readonly outcome: 'failed';
  readonly image: ImageFile;
  /** One phrase without the file's name: `truncated JPEG: premature end of input`. */
  readonly reason: string;
  /** Absent if the file could not be read. */
  readonly sha256?: string | undefined;
  readonly seconds: PixelSeconds;
}

export type PixelResult = PixelsReady | ImageKnown | ImageFailed;

export interface PixelPipelineOptions {
  /** Upper bound of worker threads; pixels do not depend on it. Default: by the machine's cores. */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Start all threads now, whatever the number of images: for measurements. */
  readonly startNow?: boolean;
  /** sha256 values (lower-case hex) of files whose pixels are not needed. */
  readonly known?: Iterable<string>;
}

/** Reads, hashes, decodes and transforms images ahead of its consumer. Owns worker threads: `close()` it. */
export interface PixelPipeline {
  readonly recipe: PixelRecipe;
  readonly threads: number;
  /**
   * One result per image, in the order given. Reads ahead by a bounded number of images. A file that cannot be read or
   * decoded is a result, not an exception. One call at a time.
   */
  decode(images: Iterable<ImageFile> | AsyncIterable<ImageFile>): AsyncIterable<PixelResult>;
  close(): Promise<void>;
}

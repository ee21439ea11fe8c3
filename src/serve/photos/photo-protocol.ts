import type { PixelBudget } from '../../extract/images/pipeline/pixel-budget.ts';
import type { FilePixels } from '../../extract/images/pipeline/pixel-protocol.ts';
import type { PixelRecipe } from '../../extract/images/pipeline/pixel-result.ts';

/** Start data of a server's decoding threads. */
export interface PhotoSetup {
  readonly recipe: PixelRecipe;
  readonly budget: PixelBudget;
}

export interface PhotoTask {
  readonly index: number;
  /** Bytes of an image file, transferred. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface PhotoReply {
  readonly index: number;
  readonly pixels: FilePixels;
}

import type { PixelBudget } from '../../extract/images/pipeline/pixel-budget.ts';
import type { FilePixels } from '../../extract/images/pipeline/pixel-protocol.ts';
import type { PixelRecipe } from '../../extract/images/pipeline/pixel-result.ts';

/** What the decoding threads of a server need to know once. */
export interface PhotoSetup {
  readonly recipe: PixelRecipe;
  readonly budget: PixelBudget;
}

export interface PhotoTask {
  readonly index: number;
  /** Of one image file; handed over, not copied. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface PhotoReply {
  readonly index: number;
  readonly pixels: FilePixels;
}

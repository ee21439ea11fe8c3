import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { decodeImage } from './decode.ts';
import { DecodeError } from './decode-error.ts';
import type { FilePixels } from './pixel-protocol.ts';
import type { PixelRecipe } from './pixel-result.ts';
import { openResampler } from './resampler.ts';
import type { Resampler, SourcePixels } from './resize.kernel.ts';
import { resizeAndCrop } from './transform.ts';
import { drawView, viewPixels } from './views.ts';

/** Turns one file at a time into the network's input bytes, in the thread that calls it. */
export class PixelReader {
  readonly #recipe: PixelRecipe;
  readonly #isKnown: (sha256: string) => boolean;
  readonly #resampler: Resampler = openResampler();

  /** @param isKnown whether a file with this sha256 needs no pixels */
  constructor(recipe: PixelRecipe, isKnown: (sha256: string) => boolean) {
    this.#recipe = recipe;
    this.#isKnown = isKnown;
  }

  /** Never throws for what the file holds: a file without pixels is a result that says why. */
  async read(path: string): Promise<FilePixels> {
    const seconds = { read: 0, decode: 0, resize: 0 };
    const started = performance.now();
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch (error) {
      return { outcome: 'failed', reason: describeReadFailure(error), seconds };
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const file = { sha256, byteCount: bytes.length, seconds };
    const wasRead = performance.now();
    seconds.read = (wasRead - started) / 1000;
    if (this.#isKnown(sha256)) return { outcome: 'known', ...file };
    try {
      const source = await decodeImage(bytes, this.#recipe);
      const decoded = performance.now();
      seconds.decode = (decoded - wasRead) / 1000;
      const pixels = resizeAndCrop(this.#resampler, source, this.#recipe.resize, this.#recipe.crop);
      const views = this.#views(sha256, source);
      seconds.resize = (performance.now() - decoded) / 1000;
      return { outcome: 'pixels', ...file, pixels, views };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { outcome: 'failed', ...file, reason: error.message };
    }
  }

  #views(sha256: string, source: SourcePixels): Uint8Array<ArrayBuffer>[] {
    const { views, crop } = this.#recipe;
    if (views === undefined) return [];
    return Array.from({ length: views.count }, (_, i) =>
      viewPixels(this.#resampler, source, drawView(sha256, views.seed, i + 1, source), crop),
    );
  }
}

function describeReadFailure(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'the file is not there any more';
  if (code === 'EACCES' || code === 'EPERM') return 'no permission to read the file';
  if (code === 'EISDIR') return 'a folder, not a file';
  return `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

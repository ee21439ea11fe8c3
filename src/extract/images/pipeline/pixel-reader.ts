import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type ArchiveEntry, readEntrySync } from '../../../formats/archive/entry.ts';
import { brokenLink, fileReason } from '../../../system/file-reason.ts';
import { readRegularSync } from '../../../system/regular-file.ts';
import { decodeBands } from '../bands/decode-bands.ts';
import { decodeImage } from '../decode/decode.ts';
import { DecodeError } from '../decode/decode-error.ts';
import { type BandPixels, isBands } from '../resize/band-pixels.ts';
import { isGrey } from '../resize/grey.kernel.ts';
import { openResampler } from '../resize/resampler.ts';
import type { Resampler, SourcePixels } from '../resize/resize.kernel.ts';
import { resizeAndCrop } from '../resize/transform.ts';
import { samplesOf } from '../samples.ts';
import { drawView, viewPixels } from '../views/views.ts';
import { givePixelsBack, openBudget, type PixelBudget, takePixels } from './pixel-budget.ts';
import type { FilePixels } from './pixel-protocol.ts';
import type { PixelRecipe } from './pixel-result.ts';

/** Largest file that is read: the largest image uncompressed, RGB with 16 bits. */
const largestFileBytes = 512 * 1024 * 1024;

/** Images with more pixels are freed immediately instead of by V8's garbage collection. */
const largePixelCount = 8_000_000;

/** Reads one file at a time into the network's input, in the calling thread. */
export class PixelReader {
  readonly #recipe: PixelRecipe;
  readonly #isKnown: (sha256: string) => boolean;
  readonly #budget: PixelBudget;
  readonly #resampler: Resampler = openResampler();

  /**
   * @param isKnown whether the pixels of a file with this sha256 are not needed
   * @param budget shared with the readers of other threads
   */
  constructor(recipe: PixelRecipe, isKnown: (sha256: string) => boolean, budget: PixelBudget = openBudget(1)) {
    this.#recipe = recipe;
    this.#isKnown = isKnown;
    this.#budget = budget;
  }

  /** Never throws because of a file's contents: a failure is a result with its reason. */
  async read(path: string, entry?: ArchiveEntry): Promise<FilePixels> {
    const seconds = { read: 0, decode: 0, resize: 0 };
    const started = performance.now();
    let bytes: Buffer;
    try {
      const file =
        entry === undefined ? readRegularSync(path, largestFileBytes) : readEntrySync(path, entry, largestFileBytes);
      if (file.bytes === undefined) {
        const reason = `${file.size} bytes, above the limit of ${largestFileBytes} for one image`;
        return { outcome: 'failed', reason, seconds };
      }
      bytes = file.bytes;
    } catch (error) {
      return { outcome: 'failed', reason: describeReadFailure(error), seconds };
    }
    return this.#readBytes(bytes, seconds, started);
  }

  /** As `read`, for a file's bytes in memory. */
  async readBytes(bytes: Uint8Array): Promise<FilePixels> {
    return this.#readBytes(bytes, { read: 0, decode: 0, resize: 0 }, performance.now());
  }

  async #readBytes(
    bytes: Uint8Array,
    seconds: { read: number; decode: number; resize: number },
    started: number,
  ): Promise<FilePixels> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const file = { sha256, seconds };
    seconds.read = (performance.now() - started) / 1000;
    if (this.#isKnown(sha256)) return { outcome: 'known', ...file };
    let taken = 0;
    const onSize = (pixelCount: number): void => {
      const asked = performance.now();
      takePixels(this.#budget, pixelCount);
      taken = pixelCount;
      // Waiting for other threads does not count as work.
      seconds.decode -= (performance.now() - asked) / 1000;
    };
    try {
      return { ...file, ...(await this.#transform(bytes, sha256, seconds, onSize)) };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { outcome: 'failed', ...file, reason: error.message };
    } finally {
      if (taken > largePixelCount) await collectGarbage();
      givePixelsBack(this.#budget, taken);
    }
  }

  /** A separate method, so that nothing references the decoded image after it returns. */
  async #transform(
    bytes: Uint8Array,
    sha256: string,
    seconds: { decode: number; resize: number },
    onSize: (pixelCount: number) => void,
  ): Promise<Pick<FilePixels, 'outcome' | 'pixels' | 'views' | 'beside' | 'clipped'>> {
    const started = performance.now();
    const source = await decodeFor(this.#recipe, bytes, onSize);
    const decoded = performance.now();
    const pixels = resizeAndCrop(this.#resampler, source, this.#recipe);
    const views = this.#views(sha256, source);
    const beside = await this.#beside(bytes, source);
    seconds.decode += (decoded - started) / 1000;
    seconds.resize = (performance.now() - decoded) / 1000;
    return { outcome: 'pixels', pixels, views, beside, clipped: 'clipped' in source && source.clipped === true };
  }

  async #beside(bytes: Uint8Array, source: SourcePixels | BandPixels): Promise<Uint8Array<ArrayBuffer>[]> {
    const own = this.#recipe;
    const all: Uint8Array<ArrayBuffer>[] = [];
    for (const recipe of own.beside ?? []) {
      const { autoOrient, sixteenBit, channels } = recipe;
      // Networks usually have equal decoding options: one decode serves all.
      const isSame = autoOrient === own.autoOrient && sixteenBit === own.sixteenBit && channels === own.channels;
      const decoded = isSame ? source : await decodeFor(recipe, bytes);
      all.push(resizeAndCrop(this.#resampler, decoded, recipe));
    }
    return all;
  }

  #views(sha256: string, source: SourcePixels | BandPixels): Uint8Array<ArrayBuffer>[] {
    const { views, crop } = this.#recipe;
    // Views are only supported for RGB and greyscale.
    if (views === undefined || isBands(source)) return [];
    return Array.from({ length: views.count }, (_, i) => {
      const view = drawView(sha256, views.seed, i + 1, source);
      return samplesOf(viewPixels(this.#resampler, source, view, crop), this.#recipe);
    });
  }
}

/**
 * Decodes the image with the network's number of channels.
 *
 * @throws DecodeError as `decodeImage` and `decodeBands`, and for a colour image if the network takes greyscale
 */
async function decodeFor(
  recipe: PixelRecipe,
  bytes: Uint8Array,
  onSize?: (pixelCount: number) => void,
): Promise<SourcePixels | BandPixels> {
  const { autoOrient, sixteenBit = 'clip', channels = 3 } = recipe;
  if (channels !== 1 && channels !== 3) return decodeBands(bytes, channels, onSize);
  const source = await decodeImage(bytes, { autoOrient, sixteenBit, ...(onSize && { onSize }) });
  if (channels === 1 && !isGrey(source.data, source.channels))
    throw new DecodeError('3 channels (colours), and the network takes 1: grey images');
  return source;
}

function describeReadFailure(error: unknown): string {
  const { code, path = '' } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return brokenLink(path) ?? 'no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'no permission to read the file';
  if (code === 'ELOOP' || code === 'EISDIR' || code === 'ENOTREGULAR') return fileReason(error);
  return `the file cannot be read: ${fileReason(error)}`;
}

let collect: (() => void) | undefined;

/**
 * Frees the memory of unreferenced buffers. sharp's pixels are outside V8's heap, so a large image's quarter of a
 * gigabyte alone does not trigger garbage collection.
 */
async function collectGarbage(): Promise<void> {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  // Native finalizers run in a later turn of the event loop.
  await setImmediate();
}

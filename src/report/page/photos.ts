import { createHash } from 'node:crypto';
import sharp from 'sharp';
import type { Located } from '../../extract/images/list/tree.ts';
import { readEntrySync } from '../../formats/archive/entry.ts';
import { valueAt } from '../../system/at.ts';
import { nodeFiles, readWhole } from '../../system/files.ts';
import { decodeEntry, encodeEntry, type PageCache } from './cache/page-cache.ts';

/** Budget in bytes for all thumbnails, before base64 adds a third: a page must open on a phone. */
export const photoBytes = 830_000;

/** Sides of large and small thumbnails in pixels. */
const sides = { large: 144, small: 48 } as const;
type Size = keyof typeof sides;

/** Average bytes of a thumbnail, to divide the budget in advance. */
const usualBytes = { large: 3_000, small: 580 } as const;

/** Share of the budget for large ones if not all photos can be large. */
const largeShare = 0.33;

/** Nearly as sharp as Lanczos for such small images, and faster. */
const kernel = 'cubic';

/** WebP has less overhead than JPEG, which matters for files of a kilobyte. */
const format = { quality: 42, effort: 2 } as const;

const largestPhotoBytes = 512 * 1024 * 1024;

/** Photos read ahead: sharp decodes on several threads. */
const readAhead = 24;

// No photo is used twice: caching would take a twelfth of the time.
sharp.cache(false);

const cacheName = `thumbnails-${createHash('sha256')
  .update(JSON.stringify([2, sides, format, kernel]))
  .digest('hex')
  .slice(0, 16)}`;

export interface WantedPhoto {
  readonly id: string;
  /** Path relative to the data folder, from the index; undefined if unknown. */
  readonly path: string | undefined;
  /** sha256 of the file from which its features were computed. */
  readonly sha256: string | undefined;
}

interface Thumbnails {
  /** Image id to a WebP file in base64. */
  readonly photos: ReadonlyMap<string, string>;
  readonly unreadable: number;
  readonly leftOut: number;
}

/**
 * Thumbnails of the given images within the budget: large for the first, small for the others. Reuses thumbnails from
 * the cache by the photo's sha256.
 *
 * @param wanted images without repetition, most interesting first
 * @param locate finds a photo in the data folder, or in an archive
 */
export async function makeThumbnails(
  wanted: readonly WantedPhoto[],
  locate: (path: string) => Promise<Located>,
  cache: PageCache,
  budget: number = photoBytes,
): Promise<Thumbnails> {
  const kept = await readKept(cache);
  const made = new Map<string, Uint8Array>();
  const photos = new Map<string, string>();
  const largeCount = countOfLarge(wanted.length, budget);
  let [bytes, unreadable, leftOut] = [0, 0, 0];
  const pictureOf = async (photo: WantedPhoto, i: number): Promise<Uint8Array | undefined> => {
    const size: Size = i < largeCount ? 'large' : 'small';
    const key = photo.sha256 === undefined ? undefined : `${size} ${photo.sha256}`;
    const old = key === undefined ? undefined : (kept.get(key) ?? made.get(key));
    if (old !== undefined) return old;
    const picture = photo.path === undefined ? undefined : await thumbnail(await locate(photo.path), sides[size]);
    // A file changed since is shown but not cached.
    if (key !== undefined && picture !== undefined && picture.sha256 === photo.sha256) made.set(key, picture.bytes);
    return picture?.bytes;
  };
  const reading: Promise<Uint8Array | undefined>[] = [];
  for (const [i, { id }] of wanted.entries()) {
    while (reading.length < Math.min(wanted.length, i + readAhead)) {
      reading.push(pictureOf(valueAt(wanted, reading.length), reading.length));
    }
    const picture = await reading[i];
    if (picture === undefined) unreadable++;
    else if (bytes + picture.length > budget) {
      leftOut++;
      // After a small thumbnail did not fit, stop.
      if (i < largeCount) continue;
      leftOut += wanted.length - 1 - i;
      break;
    } else {
      bytes += picture.length;
      photos.set(id, Buffer.from(picture).toString('base64'));
    }
  }
  // Thumbnails read ahead are kept in the cache.
  await Promise.all(reading);
  if (made.size > 0) await cache.write(cacheName, encodeKept(new Map([...made, ...kept])));
  return { photos, unreadable, leftOut };
}

/** How many of the first photos may be large, so that as many others as possible fit. */
function countOfLarge(count: number, budget: number): number {
  if (count * usualBytes.large <= budget) return count;
  const spare = (budget - count * usualBytes.small) / (usualBytes.large - usualBytes.small);
  return Math.floor(Math.max(spare, (largeShare * budget) / usualBytes.large));
}

interface Head {
  readonly keys: readonly string[];
}

async function readKept(cache: PageCache): Promise<ReadonlyMap<string, Uint8Array>> {
  const bytes = await cache.read(cacheName);
  const entry = bytes === undefined ? undefined : decodeEntry<Head>(bytes);
  return new Map(entry?.head.keys.map((key, i) => [key, valueAt(entry.arrays, i)]) ?? []);
}

/** Newest first, limited to the budget of eight pages. */
function encodeKept(kept: ReadonlyMap<string, Uint8Array>): Uint8Array[] {
  const entries: [string, Uint8Array][] = [];
  let bytes = 0;
  for (const entry of kept) {
    bytes += entry[1].length;
    if (bytes > 8 * photoBytes) break;
    entries.push(entry);
  }
  const head: Head = { keys: entries.map(([key]) => key) };
  return encodeEntry(
    head,
    entries.map(([, picture]) => picture),
  );
}

/** For people: applies the orientation, and white behind transparency. */
async function thumbnail(
  { path, entry }: Located,
  side: number,
): Promise<{ bytes: Uint8Array; sha256: string } | undefined> {
  try {
    const file =
      entry === undefined
        ? await readWhole(nodeFiles, path, largestPhotoBytes)
        : readEntrySync(path, entry, largestPhotoBytes).bytes;
    if (file === undefined) return undefined;
    const bytes = await sharp(file, { failOn: 'none' })
      .rotate()
      .resize(side, side, { fit: 'cover', kernel, withoutEnlargement: false })
      .flatten({ background: '#ffffff' })
      .webp(format)
      .toBuffer();
    return { bytes, sha256: createHash('sha256').update(file).digest('hex') };
  } catch {
    return undefined;
  }
}

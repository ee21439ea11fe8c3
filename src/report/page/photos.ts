import { createHash } from 'node:crypto';
import sharp from 'sharp';
import type { Located } from '../../extract/images/list/tree.ts';
import { readEntrySync } from '../../formats/archive/entry.ts';
import { valueAt } from '../../system/at.ts';
import { nodeFiles, readWhole } from '../../system/files.ts';
import { decodeEntry, encodeEntry } from './cache/entry.ts';
import type { PageCache } from './cache/page-cache.ts';

/** Bytes of all thumbnails, before base64 makes them a third longer: a page must open on a phone. */
export const photoBytes = 830_000;

/** Sides of a thumbnail in pixels: one that is looked at, and one that is glanced at, on a map or beside another. */
const sides = { large: 144, small: 48 } as const;
type Size = keyof typeof sides;

/** What a thumbnail takes on average, to share the room out before any is made. */
const usualBytes = { large: 3_000, small: 580 } as const;

/** Share of the room that large ones may take where not every photo can be large. */
const largeShare = 0.33;

/** Nearly as sharp as Lanczos' kernel on pictures so small, without its sines. */
const kernel = 'cubic';

/** WebP keeps less about itself than JPEG does, which counts in files of a kilobyte. */
const format = { quality: 42, effort: 2 } as const;

/** Of one photo's file. */
const largestPhotoBytes = 512 * 1024 * 1024;

/** Photos that are read ahead: sharp decodes on several threads. */
const readAhead = 24;

// No photo is drawn twice: keeping what its steps gave, to find it again, takes a twelfth of the time.
sharp.cache(false);

const cacheName = `thumbnails-${createHash('sha256')
  .update(JSON.stringify([2, sides, format, kernel]))
  .digest('hex')
  .slice(0, 16)}`;

export interface WantedPhoto {
  readonly id: string;
  /** Where the photo lies in the data folder, as the features' index has it; undefined if it is not known. */
  readonly path: string | undefined;
  /** Of the file from which its features came. */
  readonly sha256: string | undefined;
}

interface Thumbnails {
  /** Image id to a WebP file in base64. */
  readonly photos: ReadonlyMap<string, string>;
  /** Ids whose file cannot be read any more. */
  readonly unreadable: number;
  /** Ids for which there was no room. */
  readonly leftOut: number;
}

/**
 * Small pictures of the given images as far as the room goes: large ones of the first, small ones of the others. Those
 * that an earlier page made are taken from the cache, by the hash of the photo's bytes.
 *
 * @param wanted each image once, those that are most worth seeing first
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
    // A file that changed since is shown as it is, and not kept under the hash of what it was.
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
      // Once a small picture had no room, no other is made for nothing.
      if (i < largeCount) continue;
      leftOut += wanted.length - 1 - i;
      break;
    } else {
      bytes += picture.length;
      photos.set(id, Buffer.from(picture).toString('base64'));
    }
  }
  // Those that were read ahead are kept for another page.
  await Promise.all(reading);
  if (made.size > 0) await cache.write(cacheName, encodeKept(new Map([...made, ...kept])));
  return { photos, unreadable, leftOut };
}

/** How many of the first photos may be large, so that as many others as possible are there at all. */
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

/** Newest first; what is past the room of eight pages is forgotten. */
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

/** A page is for people: turned upright, over white where it is transparent. */
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

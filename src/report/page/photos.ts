import sharp from 'sharp';
import { imageLocator } from '../../extract/images/list/locate.ts';
import type { Located } from '../../extract/images/list/tree.ts';
import { readEntrySync } from '../../formats/archive/entry.ts';
import { nodeFiles, readWhole } from '../../system/files.ts';

/** What a page may hold: it must open on a phone. */
export interface PhotoBudget {
  readonly count: number;
  /** Of the JPEGs, before base64 makes them a third longer. */
  readonly bytes: number;
}

export const photoBudget: PhotoBudget = { count: 600, bytes: 4_000_000 };

/** Longer side of a thumbnail, in pixels: sharp at the 128 pixels that the page shows, on most screens. */
const side = 160;

/** Of one photo's file. */
const largestPhotoBytes = 512 * 1024 * 1024;

/** Photos that are read at once: sharp decodes on several threads. */
const atOnce = 16;

export interface Thumbnails {
  /** Image id to a JPEG as a data URI. */
  readonly photos: ReadonlyMap<string, string>;
  /** Ids whose file cannot be read any more. */
  readonly unreadable: number;
  /** Ids for which there was no room. */
  readonly leftOut: number;
}

/**
 * Small JPEGs of the given images, the first of the list first, as far as the budget goes.
 *
 * @param pathOf path of an id relative to `folder`, undefined where it is not known
 */
export async function makeThumbnails(
  ids: Iterable<string>,
  folder: string,
  pathOf: (id: string) => string | undefined,
  budget: PhotoBudget = photoBudget,
): Promise<Thumbnails> {
  const photos = new Map<string, string>();
  let [bytes, unreadable, leftOut] = [0, 0, 0];
  const locate = imageLocator(folder);
  const all = [...new Set(ids)];
  for (let first = 0; first < all.length; first += atOnce) {
    const block = all.slice(first, first + atOnce);
    if (photos.size >= budget.count || bytes >= budget.bytes) {
      leftOut += block.length;
      continue;
    }
    const jpegs = await Promise.all(
      block.map(async (id) => {
        const path = pathOf(id);
        return path === undefined ? undefined : await thumbnail(await locate(path));
      }),
    );
    for (const [i, jpeg] of jpegs.entries()) {
      if (jpeg === undefined) unreadable++;
      else if (photos.size >= budget.count || bytes + jpeg.length > budget.bytes) leftOut++;
      else {
        bytes += jpeg.length;
        photos.set(block[i] as string, `data:image/jpeg;base64,${jpeg.toString('base64')}`);
      }
    }
  }
  return { photos, unreadable, leftOut };
}

/** A page is for people: turned upright, over white where it is transparent. */
async function thumbnail({ path, entry }: Located): Promise<Buffer | undefined> {
  try {
    const bytes =
      entry === undefined
        ? await readWhole(nodeFiles, path, largestPhotoBytes)
        : readEntrySync(path, entry, largestPhotoBytes).bytes;
    return await sharp(bytes, { failOn: 'none' })
      .rotate()
      .resize(side, side, { fit: 'cover', withoutEnlargement: false })
      .flatten({ background: '#ffffff' })
      .jpeg({ quality: 58, mozjpeg: true })
      .toBuffer();
  } catch {
    return undefined;
  }
}

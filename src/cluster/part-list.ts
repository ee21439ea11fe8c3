import { createHash } from 'node:crypto';
import type { ImageFile, ImageList } from '../extract/images/image-file.ts';
import { type Part, partOf } from './part.ts';
import type { ListMark } from './part-record.ts';

/** The inputs of one part, and where each stands in the whole list. */
export interface PartList {
  /** The part's inputs alone. */
  readonly list: ImageList;
  /** Place of each of its images in the whole list. */
  readonly places: readonly number[];
  /** Place of each of its missing ids: behind all images. */
  readonly missingPlaces: readonly number[];
  readonly mark: ListMark;
}

/** Takes a part's inputs out of the list of all. */
export function listOfPart(all: ImageList, part: Part): PartList {
  const hash = createHash('sha256');
  const note = (id: string, path: string, label = ''): void => {
    hash.update(`${id}\0${path}\0${label}\0\n`);
  };
  const images: ImageFile[] = [];
  const places: number[] = [];
  for (const [place, image] of all.images.entries()) {
    note(image.id, image.relativePath, image.label);
    if (partOf(image.id, part.count) !== part.index) continue;
    images.push(image);
    places.push(place);
  }
  const missing: { readonly id: string; readonly label: string }[] = [];
  const missingPlaces: number[] = [];
  for (const [i, each] of all.missing.entries()) {
    note(each.id, '', each.label);
    if (partOf(each.id, part.count) !== part.index) continue;
    missing.push(each);
    missingPlaces.push(all.images.length + i);
  }
  return {
    list: { ...all, images, missing },
    places,
    missingPlaces,
    mark: { sha256: hash.digest('hex'), imageCount: all.images.length, missingCount: all.missing.length },
  };
}

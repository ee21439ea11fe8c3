import { createHash } from 'node:crypto';
import type { ImageFile, ImageList } from '../../extract/images/list/image-file.ts';
import { type Part, partOf } from './part.ts';
import type { ListMark } from './part-record.ts';

/** The inputs of one part, and their indices in the whole list. */
export interface PartList {
  readonly list: ImageList;
  /** Index of each image in the whole list. */
  readonly places: readonly number[];
  /** Index of each missing id, after all images. */
  readonly missingPlaces: readonly number[];
  readonly mark: ListMark;
}

/** Selects a part's inputs from the whole list. */
export function listOfPart(all: ImageList, part: Part): PartList {
  const whole = createHash('sha256');
  const own = createHash('sha256');
  /** @returns whether the input is one of the part's */
  const take = (line: InputLine): boolean => {
    const bytes = hashedLine(line);
    whole.update(bytes);
    if (partOf(line.id, part.count) !== part.index) return false;
    own.update(bytes);
    return true;
  };
  const images: ImageFile[] = [];
  const places: number[] = [];
  for (const [place, image] of all.images.entries()) {
    if (!take(lineOf(image))) continue;
    images.push(image);
    places.push(place);
  }
  const missing: { readonly id: string; readonly label: string }[] = [];
  const missingPlaces: number[] = [];
  for (const [i, each] of all.missing.entries()) {
    if (!take({ id: each.id, path: '', label: each.label })) continue;
    missing.push(each);
    missingPlaces.push(all.images.length + i);
  }
  const mark = {
    sha256: whole.digest('hex'),
    ownSha256: own.digest('hex'),
    imageCount: all.images.length,
    missingCount: all.missing.length,
  };
  // Files that are not inputs are recorded by the first part.
  const leftOut = part.index === 0 ? all.leftOut : [];
  return { list: { ...all, images, missing, leftOut }, places, missingPlaces, mark };
}

interface InputLine {
  readonly id: string;
  /** Empty for a missing one. */
  readonly path: string;
  readonly label: string | undefined;
  readonly split?: string | undefined;
}

function lineOf({ id, relativePath: path, label, split }: ImageFile): InputLine {
  return { id, path, label, split };
}

/** An input's contribution to the hash of a list. */
function hashedLine({ id, path, label = '', split }: InputLine): string {
  return `${id}\0${path}\0${label}\0${split === undefined ? '' : `${split}\0`}\n`;
}

/** The part of each input of a list, in order, and the hash of each part's inputs. */
export function partsOfList(
  all: ImageList,
  partCount: number,
): { readonly order: Int32Array; readonly marks: readonly string[] } {
  const hashes = Array.from({ length: partCount }, () => createHash('sha256'));
  const order = new Int32Array(all.images.length + all.missing.length);
  let place = 0;
  const note = (line: InputLine): void => {
    const part = partOf(line.id, partCount);
    hashes[part]?.update(hashedLine(line));
    order[place++] = part;
  };
  for (const image of all.images) note(lineOf(image));
  for (const { id, label } of all.missing) note({ id, path: '', label });
  return { order, marks: hashes.map((hash) => hash.digest('hex')) };
}

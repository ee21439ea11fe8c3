import { type FileMark, isSettled, markOf } from '../features/index/file-memory.ts';
import type { IndexedImage } from '../features/index/index-table.ts';
import type { LabelLine } from '../features/index/labels.ts';
import type { Outcome } from '../features/index/outcomes.ts';
import type { Ending } from '../features/run/publish.ts';
import type { RunMaker } from '../features/run/run-records.ts';
import type { FeatureWriter } from '../features/run/writer.ts';
import { valueAt } from '../system/at.ts';
import type { ImageFile, ImageList } from './images/list/image-file.ts';
import type { PixelResult } from './images/pipeline/pixel-result.ts';

interface Fault {
  readonly outcome: 'unreadable' | 'failed';
  readonly reason: string;
}

/** Why an id without a file has no row. */
export function missingReason({ table = 'labels.csv' }: ImageList): string {
  return `${table} names it and there is no file`;
}

/** Rows held elsewhere, whose images are not computed. */
export interface RowsElsewhere {
  /** @param sha256 of an image's bytes */
  has(sha256: string): boolean;
  /** What computed them; absent if there are none. */
  readonly maker?: Pick<RunMaker, 'madeBy' | 'canary'> | undefined;
}

/** State of each input of a run: which have a row, which must be read, which failed and why. */
export class InputLedger {
  readonly list: ImageList;
  readonly writer: FeatureWriter;
  readonly #rehash: boolean;
  readonly #elsewhere: RowsElsewhere | undefined;
  /** sha256 of each image's bytes, once known, by index in the list. */
  readonly #sha256: (string | undefined)[];
  readonly #faults = new Map<number, Fault>();
  /** Indices and marks of the images being read, in order of their results. */
  readonly #handedOut: { readonly place: number; readonly mark: FileMark | undefined }[] = [];
  #settled = 0;

  /** @param rehash whether to read every file again, even if its size and times are unchanged */
  constructor(list: ImageList, writer: FeatureWriter, rehash = false, elsewhere?: RowsElsewhere) {
    this.list = list;
    this.writer = writer;
    this.#rehash = rehash;
    this.#elsewhere = elsewhere;
    this.#sha256 = new Array(list.images.length);
  }

  /** Number of images whose outcome is known. */
  get settledCount(): number {
    return this.#settled;
  }

  /** What computed the rows held elsewhere. */
  get joins(): RowsElsewhere['maker'] {
    return this.#elsewhere?.maker;
  }

  /** Whether an image has a row already. */
  isKnown(sha256: string): boolean {
    return this.writer.rowOf.has(sha256) || this.#elsewhere?.has(sha256) === true;
  }

  /**
   * Whether an image of the list must be read: it has no row, or changed since it was last read. Call it once for each
   * index, in order; the results of images to read must be noted.
   */
  mustRead(place: number): boolean {
    const image = valueAt(this.list.images, place);
    const mark = markOf(image.path, image.entry?.byteCount);
    const known = mark === undefined || this.#rehash ? undefined : this.writer.memory.recall(image.relativePath, mark);
    if (known !== undefined && this.isKnown(known)) {
      this.#sha256[place] = known;
      this.#settled++;
      return false;
    }
    this.#handedOut.push({ place, mark });
    return true;
  }

  /** Notes the next result, in the order of the images to read. */
  note(result: PixelResult): void {
    const { place, mark } = this.#handedOut.shift() as { place: number; mark: FileMark | undefined };
    this.#settled++;
    const { sha256 } = result;
    if (result.outcome === 'failed') {
      this.#faults.set(place, { outcome: sha256 === undefined ? 'failed' : 'unreadable', reason: result.reason });
      return;
    }
    this.#sha256[place] = sha256;
    if (mark !== undefined && isSettled(mark)) {
      this.writer.remember({ path: result.image.relativePath, ...mark, sha256: result.sha256 });
    }
  }

  /** Outcome of an image of the list. */
  endOf(place: number): { readonly sha256: string } | Fault {
    const sha256 = this.#sha256[place];
    const fault = this.#faults.get(place);
    if (sha256 === undefined || fault !== undefined) return fault ?? { outcome: 'failed', reason: 'not read' };
    return { sha256 };
  }

  /** The tables of the finished set. Among identical files, the first in the list has the row. */
  ending(): Ending {
    const labels: LabelLine[] = [];
    const outcomes: Outcome[] = [];
    const ownerOf = new Map<string, ImageFile>();
    for (const [place, image] of this.list.images.entries()) {
      const { id, relativePath: path, label, split } = image;
      const end = this.endOf(place);
      const row = 'sha256' in end ? this.writer.rowOf.get(end.sha256) : undefined;
      // Its row is elsewhere.
      if ('sha256' in end && row === undefined) continue;
      if (label !== undefined) labels.push(split === undefined ? [id, label] : [id, label, split]);
      if (!('sha256' in end)) {
        outcomes.push({ id, path, ...end });
        continue;
      }
      const owner = ownerOf.get(end.sha256);
      if (owner === undefined) ownerOf.set(end.sha256, image);
      else outcomes.push({ id, path, ...duplicateOf(owner.id, row as number) });
    }
    const reason = missingReason(this.list);
    for (const { id } of this.list.missing) outcomes.push({ id, path: '', outcome: 'missing', reason });
    for (const { path, reason } of this.list.leftOut) outcomes.push({ id: '', path, outcome: 'left-out', reason });
    const images: IndexedImage[] = [];
    for (const [sha256, row] of this.writer.rowOf) {
      const owner = ownerOf.get(sha256);
      if (owner !== undefined) images.push({ row, id: owner.id, path: owner.relativePath, sha256 });
    }
    return { images, labels, outcomes };
  }
}

/** Outcome of an input identical to another. */
export function duplicateOf(owner: string, row: number): Pick<Outcome, 'outcome' | 'row' | 'reason'> {
  return { outcome: 'duplicate', row, reason: `the same bytes as ${owner}` };
}

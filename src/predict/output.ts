import { stringify } from 'csv-stringify/sync';
import { forSpreadsheet } from '../formats/spreadsheet-cell.ts';
import { printableJson, printableLine } from '../system/printable.ts';
import type { ClassSet, SetOf } from './knowing.ts';
import type { ImageOutcome, RankedClass } from './predict.ts';
import { topClasses } from './predict.ts';
import type { LikePhoto, TrainingPhotos } from './training-photos.ts';

/** What is said of an image. */
export interface Said {
  /** The most probable classes. */
  readonly top: readonly RankedClass[];
  /** With `--coverage`. */
  readonly set?: ClassSet;
  /** With `--abstain`: the only class of the set, or null for "not sure". */
  readonly answer?: string | null;
  /** With `--unlike`: whether it is unlike the training photos. */
  readonly unlike?: boolean;
  /** With `--why`: the nearest training photos. */
  readonly like?: readonly LikePhoto[];
}

/** How answers are written, one image at a time: nothing is held back, however many there are. */
export interface OutputFormat {
  /** Before the first image; '' for nothing. */
  readonly start: string;
  /** One image that was predicted. */
  readonly predicted: (path: string, id: string, said: Said) => string;
  /** After the last one, with those that gave no answer. */
  readonly end: (failed: readonly { readonly path: string; readonly reason: string }[]) => string;
}

const notSure = 'not sure';

export function textOutput(): OutputFormat {
  return {
    start: '',
    predicted: (path, _id, said) => {
      const mark = said.unlike === true ? '  (unlike the training photos)' : '';
      const like = said.like?.map(
        ({ id, label, similarity }) => `${printableLine(id)} (${printableLine(label)}, ${similarity.toFixed(3)})`,
      );
      const why = like === undefined ? '' : `    like ${like.join(', ')}\n`;
      return `${printableLine(path)}  ${sentence(said)}${mark}\n${why}`;
    },
    end: () => '',
  };
}

function sentence({ top, set, answer }: Said): string {
  if (answer === null) return notSure;
  const shown = top.slice(0, answer === undefined ? set?.classes.length : 1);
  const ranked = shown
    .map((entry) => `${printableLine(entry.class)} ${(entry.probability * 100).toFixed(1)} %`)
    .join(', ');
  if (answer !== undefined || set === undefined) return ranked;
  const { classes, of, large } = set;
  const more = classes.length - shown.length;
  const counted = `${classes.length} of ${of} classes${large ? ' (a large set)' : ''}`;
  return `${counted}: ${ranked}${more === 0 ? '' : `, and ${more} more`}`;
}

/**
 * A line per image and rank: path, id, rank (from 1), class, probability; no cell is a formula to a spreadsheet. Of an
 * image whose class is not sure, one line with that in the place of the class, without a probability. With `--unlike` a
 * column says true or false, with `--why` one names the nearest training photos: `id label similarity; …`.
 */
export function csvOutput(columns: Pick<OutputOptions, 'unlike' | 'why'> = {}): OutputFormat {
  return {
    start: `path,id,rank,class,probability${columns.unlike === true ? ',unlike' : ''}${columns.why === true ? ',like' : ''}\n`,
    predicted: (path, id, { top, set, answer, unlike, like }) => {
      const names = [forSpreadsheet(path), forSpreadsheet(id)];
      const nearest = like?.map((photo) => `${photo.id} ${photo.label} ${photo.similarity.toFixed(4)}`).join('; ');
      const more = [
        ...(unlike === undefined ? [] : [String(unlike)]),
        ...(nearest === undefined ? [] : [forSpreadsheet(nearest)]),
      ];
      if (answer === null) return stringify([[...names, 1, notSure, '', ...more]]);
      const classes = set?.classes ?? top;
      return stringify(
        classes.map((entry, i) => [...names, i + 1, forSpreadsheet(entry.class), entry.probability, ...more]),
      );
    },
    end: () => '',
  };
}

/**
 * One JSON document, written as it grows: `{ head, images: [{ path, id, top: [{ class, probability }] }], failed }`, an
 * image with `set` (names) and `large` where sets were asked for, with `answer` where abstaining was, and with `unlike`
 * and `like` where these were.
 */
export function jsonOutput(head: string): OutputFormat {
  let first = true;
  return {
    start: `{\n  "head": ${JSON.stringify(head)},\n  "images": [`,
    predicted: (path, id, { top, set, answer, unlike, like }) => {
      const separator = first ? '\n' : ',\n';
      first = false;
      const more = {
        ...(set === undefined ? {} : { set: set.classes.map((entry) => entry.class), large: set.large }),
        ...(answer === undefined ? {} : { answer }),
        ...(unlike === undefined ? {} : { unlike }),
        ...(like === undefined ? {} : { like }),
      };
      return `${separator}    ${printableJson(JSON.stringify({ path, id, top, ...more }))}`;
    },
    end: (failed) => `${first ? '' : '\n  '}],\n  "failed": ${printableJson(JSON.stringify(failed))}\n}\n`,
  };
}

export interface OutputOptions {
  /** Classes to show. */
  readonly top: number;
  readonly setOf?: SetOf | undefined;
  /** One class, or none. */
  readonly abstain?: boolean;
  /** What `unlike` and `why` compare with. */
  readonly photos?: TrainingPhotos | undefined;
  readonly unlike?: boolean;
  readonly why?: boolean;
}

export async function formatOutcome(
  format: OutputFormat,
  outcome: ImageOutcome,
  classes: readonly string[],
  options: OutputOptions,
): Promise<string> {
  if (outcome.outcome === 'failed') return '';
  const { relativePath, id } = outcome.image;
  const said = saidOf(outcome.probabilities, classes, options);
  const { photos, unlike = false, why = false } = options;
  if (photos === undefined) return format.predicted(relativePath, id, said);
  const found = await photos.likenessOf(outcome.features);
  const more = { ...(unlike ? { unlike: found.unlike } : {}), ...(why ? { like: found.like } : {}) };
  return format.predicted(relativePath, id, { ...said, ...more });
}

function saidOf(
  probabilities: Float32Array,
  classes: readonly string[],
  { top, setOf, abstain = false }: OutputOptions,
): Said {
  const said = { top: topClasses(probabilities, classes, top) };
  if (setOf === undefined) return said;
  const set = setOf(probabilities);
  if (!abstain) return { ...said, set };
  const [first, ...others] = set.classes;
  return { ...said, set, answer: first !== undefined && others.length === 0 ? first.class : null };
}

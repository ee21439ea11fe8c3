import { stringify } from 'csv-stringify/sync';
import { forSpreadsheet } from '../formats/spreadsheet-cell.ts';
import { printableJson, printableLine } from '../system/printable.ts';
import type { ClassSet, SetOf } from './knowing.ts';
import type { ImageOutcome, RankedClass } from './predict.ts';
import { topClasses } from './predict.ts';

/** What is said of an image. */
export interface Said {
  /** The most probable classes. */
  readonly top: readonly RankedClass[];
  /** With `--coverage`. */
  readonly set?: ClassSet;
  /** With `--abstain`: the only class of the set, or null for "not sure". */
  readonly answer?: string | null;
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
    predicted: (path, _id, said) => `${printableLine(path)}  ${sentence(said)}\n`,
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
 * image whose class is not sure, one line with that in the place of the class, without a probability.
 */
export function csvOutput(): OutputFormat {
  return {
    start: 'path,id,rank,class,probability\n',
    predicted: (path, id, { top, set, answer }) => {
      const names = [forSpreadsheet(path), forSpreadsheet(id)];
      if (answer === null) return stringify([[...names, 1, notSure, '']]);
      const classes = set?.classes ?? top;
      return stringify(classes.map((entry, i) => [...names, i + 1, forSpreadsheet(entry.class), entry.probability]));
    },
    end: () => '',
  };
}

/**
 * One JSON document, written as it grows: `{ head, images: [{ path, id, top: [{ class, probability }] }], failed }`, an
 * image with `set` (names) and `large` where sets were asked for, and with `answer` where abstaining was.
 */
export function jsonOutput(head: string): OutputFormat {
  let first = true;
  return {
    start: `{\n  "head": ${JSON.stringify(head)},\n  "images": [`,
    predicted: (path, id, { top, set, answer }) => {
      const separator = first ? '\n' : ',\n';
      first = false;
      const more = {
        ...(set === undefined ? {} : { set: set.classes.map((entry) => entry.class), large: set.large }),
        ...(answer === undefined ? {} : { answer }),
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
}

export function formatOutcome(
  format: OutputFormat,
  outcome: ImageOutcome,
  classes: readonly string[],
  options: OutputOptions,
): string {
  if (outcome.outcome === 'failed') return '';
  const { relativePath, id } = outcome.image;
  return format.predicted(relativePath, id, saidOf(outcome.probabilities, classes, options));
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

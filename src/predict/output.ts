import { stringify } from 'csv-stringify/sync';
import { forSpreadsheet } from '../formats/spreadsheet-cell.ts';
import { printableJson, printableLine } from '../system/printable.ts';
import type { ImageOutcome, RankedClass } from './predict.ts';
import { topClasses } from './predict.ts';

/** How answers are written, one image at a time: nothing is held back, however many there are. */
export interface OutputFormat {
  /** Before the first image; '' for nothing. */
  readonly start: string;
  /** One image that was predicted. */
  readonly predicted: (path: string, id: string, top: readonly RankedClass[]) => string;
  /** After the last one, with those that gave no answer. */
  readonly end: (failed: readonly { readonly path: string; readonly reason: string }[]) => string;
}

export function textOutput(): OutputFormat {
  return {
    start: '',
    predicted: (path, _id, top) =>
      `${printableLine(path)}  ${top.map((entry) => `${printableLine(entry.class)} ${(entry.probability * 100).toFixed(1)} %`).join(', ')}\n`,
    end: () => '',
  };
}

/** A line per image and rank: path, id, rank (from 1), class, probability; no cell is a formula to a spreadsheet. */
export function csvOutput(): OutputFormat {
  return {
    start: 'path,id,rank,class,probability\n',
    predicted: (path, id, top) =>
      stringify(
        top.map((entry, i) => [
          forSpreadsheet(path),
          forSpreadsheet(id),
          i + 1,
          forSpreadsheet(entry.class),
          entry.probability,
        ]),
      ),
    end: () => '',
  };
}

/** One JSON document, written as it grows: `{ head, images: [{ path, id, top: [{ class, probability }] }], failed }`. */
export function jsonOutput(head: string): OutputFormat {
  let first = true;
  return {
    start: `{\n  "head": ${JSON.stringify(head)},\n  "images": [`,
    predicted: (path, id, top) => {
      const separator = first ? '\n' : ',\n';
      first = false;
      return `${separator}    ${printableJson(JSON.stringify({ path, id, top }))}`;
    },
    end: (failed) => `${first ? '' : '\n  '}],\n  "failed": ${printableJson(JSON.stringify(failed))}\n}\n`,
  };
}

export function formatOutcome(
  format: OutputFormat,
  outcome: ImageOutcome,
  classes: readonly string[],
  count: number,
): string {
  if (outcome.outcome === 'failed') return '';
  const { relativePath, id } = outcome.image;
  return format.predicted(relativePath, id, topClasses(outcome.probabilities, classes, count));
}

import { stringify } from 'csv-stringify/sync';
import { forSpreadsheet } from '../formats/spreadsheet-cell.ts';
import { counted, printableJson, printableLine } from '../system/printable.ts';
import type { ShownEvidence } from './evidence/evidence.ts';
import { highestPlace } from './evidence/highest-place.ts';
import type { ImageAnswer } from './image-answer.ts';

/** Writes answers one image at a time, without buffering. */
export interface OutputFormat {
  readonly start: string;
  readonly predicted: (path: string, id: string, answered: ImageAnswer) => string;
  readonly end: (failed: readonly { readonly path: string; readonly reason: string }[]) => string;
}

const notSure = 'not sure';

export function textOutput(): OutputFormat {
  return {
    start: '',
    predicted: (path, _id, answered) => {
      const mark = answered.unlike === true ? '  (unlike the training photos)' : '';
      const like = answered.like?.map(
        ({ id, label, similarity }) => `${printableLine(id)} (${printableLine(label)}, ${similarity.toFixed(3)})`,
      );
      const why = like === undefined ? '' : `    like ${like.join(', ')}\n`;
      const { evidence } = answered;
      const where =
        evidence === undefined
          ? ''
          : `    evidence for ${printableLine(evidence.class)}: most at the ${highestPlace(evidence.map)}${evidence.file === undefined ? '' : `, ${printableLine(evidence.file)}`}\n`;
      return `${printableLine(path)}  ${sentence(answered)}${mark}\n${why}${where}`;
    },
    end: () => '',
  };
}

function sentence({ top, set, answer, mostProbable }: ImageAnswer): string {
  if (answer === null) return notSure;
  const shown = top.slice(0, answer === undefined ? set?.classes.length : 1);
  const votes = mostProbable && ` (by votes; the most probable is ${printableLine(mostProbable.class)})`;
  const ranked = shown
    .map(({ class: name, probability }, i) => {
      return `${printableLine(name)} ${(probability * 100).toFixed(1)} %${i === 0 ? (votes ?? '') : ''}`;
    })
    .join(', ');
  if (answer !== undefined || set === undefined) return ranked;
  const { classes, of, large } = set;
  const more = classes.length - shown.length;
  const size = `${classes.length} of ${counted(of, 'class')}${large ? ' (a large set)' : ''}`;
  return `${size}: ${ranked}${more === 0 ? '' : `, and ${more} more`}`;
}

export interface CsvColumns {
  readonly unlike?: boolean;
  readonly why?: boolean;
  readonly evidence?: boolean;
}

/**
 * A line per image and rank: path, id, rank (1 for the predicted class), class, probability; no cell is a formula to a spreadsheet. Of an
 * image whose class is not sure, one line with that in the place of the class, without a probability. With `--unlike` a
 * column says true or false, with `--why` one names the nearest training photos: `id label similarity; …`, with
 * `--evidence` one names the file of the map.
 */
export function csvOutput(columns: CsvColumns = {}): OutputFormat {
  const more = [
    ...(columns.unlike === true ? ['unlike'] : []),
    ...(columns.why === true ? ['like'] : []),
    ...(columns.evidence === true ? ['evidence'] : []),
  ];
  return {
    start: `${['path,id,rank,class,probability', ...more].join(',')}\n`,
    predicted: (path, id, { top, set, answer, unlike, like, evidence }) => {
      const names = [forSpreadsheet(path), forSpreadsheet(id)];
      const nearest = like?.map((photo) => `${photo.id} ${photo.label} ${photo.similarity.toFixed(4)}`).join('; ');
      const more = [
        ...(columns.unlike === true ? [String(unlike)] : []),
        ...(nearest === undefined ? [] : [forSpreadsheet(nearest)]),
        ...(columns.evidence === true ? [forSpreadsheet(evidence?.file ?? '')] : []),
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
 * image with `mostProbable` (class and probability) where that is not the predicted class, with `set` (names) and `large` where sets were asked for, with `answer` where abstaining was, and with `unlike`,
 * `like` and `evidence` where these were.
 */
export function jsonOutput(head: string): OutputFormat {
  let first = true;
  return {
    start: `{\n  "head": ${JSON.stringify(head)},\n  "images": [`,
    predicted: (path, id, { top, mostProbable, set, answer, unlike, like, evidence }) => {
      const separator = first ? '\n' : ',\n';
      first = false;
      const sets = { set: set?.classes.map((entry) => entry.class), large: set?.large };
      const document = {
        path,
        id,
        top,
        mostProbable,
        ...sets,
        answer,
        unlike,
        like,
        evidence: evidence && shortened(evidence),
      };
      return `${separator}    ${printableJson(JSON.stringify(document))}`;
    },
    end: (failed) => `${first ? '' : '\n  '}],\n  "failed": ${printableJson(JSON.stringify(failed))}\n}\n`,
  };
}

/** Seven digits are the precision of float32 features. */
function shortened({ class: name, score, file, png, map }: ShownEvidence): object {
  const short = (value: number): number => Number(value.toPrecision(7));
  return { class: name, score: short(score), file, png, map: map.map((row) => row.map(short)) };
}

import { join } from 'node:path';
import { writeText } from '../../system/durable.ts';
import { messageOf, UserError } from '../../system/errors.ts';
import { largestTextBytes, nodeFiles, readIfThere } from '../../system/files.ts';
import type { Report } from '../result/report.ts';

/** Name of what `classify --check-labels` found, in the folder of the head that looked. */
export const labelCheckFile = 'label-check.json';

interface CheckedLabel {
  readonly id: string;
  readonly label: string;
  /** What the label is likeliest to be instead. */
  readonly suggestion: string;
  readonly labelProbability: number;
  readonly suggestionProbability: number;
  readonly suspected: boolean;
}

/** label-check.json, format version 1. */
export interface LabelCheckFile {
  readonly formatVersion: 1;
  readonly model: string;
  readonly solver: string;
  readonly folds: number;
  readonly seed: number;
  /** Of the report beside it: the same images and labels, or the file says nothing about them. */
  readonly splitHash: string;
  /** Labelled images, and those whose labels could not be judged: their class has one image alone. */
  readonly imageCount: number;
  readonly unjudged: number;
  /** Every judged image, the likeliest to be wrong first. */
  readonly images: readonly CheckedLabel[];
}

export async function writeLabelCheck(folder: string, check: LabelCheckFile): Promise<void> {
  const { images, ...rest } = check;
  // One image a line: a list that can be read and compared.
  const lines = images.map((image) => JSON.stringify(image)).join(',\n  ');
  const head = JSON.stringify(rest, null, 1).replace(/\n}$/, '');
  await writeText(nodeFiles, join(folder, labelCheckFile), `${head},\n "images": [\n  ${lines}\n ]\n}\n`);
}

/**
 * The label check beside a report; undefined if there is none, or one of other labels.
 *
 * @throws UserError when the file is there and damaged
 */
export async function readLabelCheck({ report, splitHash }: Report): Promise<LabelCheckFile | undefined> {
  const file = join(report, labelCheckFile);
  const bytes = await readIfThere(nodeFiles, file, largestTextBytes);
  if (bytes === undefined) return undefined;
  let found: unknown;
  try {
    found = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw damaged(file, messageOf(cause), cause);
  }
  if (!isLabelCheck(found)) throw damaged(file, 'other fields');
  return found.splitHash === splitHash ? found : undefined;
}

function isLabelCheck(found: unknown): found is LabelCheckFile {
  const check = found as Partial<LabelCheckFile> | null;
  return (
    typeof check === 'object' &&
    check?.formatVersion === 1 &&
    typeof check.splitHash === 'string' &&
    [check.folds, check.imageCount, check.unjudged].every((value) => Number.isSafeInteger(value)) &&
    Array.isArray(check.images) &&
    check.images.every(
      (image: Partial<CheckedLabel> | null) =>
        typeof image?.id === 'string' &&
        typeof image.label === 'string' &&
        typeof image.suggestion === 'string' &&
        typeof image.labelProbability === 'number' &&
        typeof image.suggestionProbability === 'number' &&
        typeof image.suspected === 'boolean',
    )
  );
}

function damaged(file: string, found: string, cause?: unknown): UserError {
  return new UserError({
    what: 'the label check of a report cannot be read',
    where: file,
    found,
    expected: 'what classify --check-labels writes',
    fix: 'delete the file, or run classify --check-labels again',
    cause,
  });
}

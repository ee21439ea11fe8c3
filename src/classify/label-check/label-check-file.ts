import { join } from 'node:path';
import { writeText } from '../../system/durable.ts';
import { messageOf, UserError } from '../../system/errors.ts';
import { largestTextBytes, nodeFiles, readIfThere } from '../../system/files.ts';
import type { Report } from '../result/report.ts';

/** Name of the results of `classify --check-labels` in the folder of the head used. */
export const labelCheckFile = 'label-check.json';

interface CheckedLabel {
  readonly id: string;
  readonly label: string;
  /** Most probable other class. */
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
  /** Equal to the report's: the check is of the same images and labels. */
  readonly splitHash: string;
  /** Number of labelled images, and of those not judged because their class has only one image. */
  readonly imageCount: number;
  readonly unjudged: number;
  /** Every judged image, the most likely label errors first. */
  readonly images: readonly CheckedLabel[];
}

export async function writeLabelCheck(folder: string, check: LabelCheckFile): Promise<void> {
  const { images, ...rest } = check;
  // One image per line, to be readable and easy to diff.
  const lines = images.map((image) => JSON.stringify(image)).join(',\n  ');
  const head = JSON.stringify(rest, null, 1).replace(/\n}$/, '');
  await writeText(nodeFiles, join(folder, labelCheckFile), `${head},\n "images": [\n  ${lines}\n ]\n}\n`);
}

/**
 * Reads the label check of a report; undefined if there is none, or it is of other labels.
 *
 * @throws UserError if the file is damaged
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

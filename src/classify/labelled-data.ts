import { UserError } from '../errors.ts';
import { isRandom } from '../features/manifest.ts';
import type { Matrix } from '../features/matrix.ts';
import type { FeatureSet } from '../features/reader.ts';
import type { Report } from '../report/report.ts';
import { encodeLabels } from './labels.ts';

/** Everything that a run trains and tests on: rows in the labels' order. */
export interface LabelledData {
  readonly ids: readonly string[];
  /** [ids, dims] */
  readonly features: Matrix;
  /** Class number per id. */
  readonly labels: Int32Array;
  readonly classes: readonly string[];
  /** Fingerprint of the feature set. */
  readonly fingerprint: string;
  /** What a report says about the features. */
  readonly featureSet: Report['featureSet'];
  /** What the user should know about the rows before they are used. */
  readonly warnings: readonly string[];
}

export interface JoinOptions {
  /** Instead of the labels that the feature set keeps. */
  readonly labels?: ReadonlyMap<string, string>;
  /** Largest share of inputs without a row that is put up with. */
  readonly maxMissing: number;
}

/**
 * Joins a feature set with labels and reads the rows.
 *
 * Inputs that extraction could not read, and labels of a file of one's own without a row, count towards `maxMissing`.
 * Files that labels.csv names and that were not there do not: extraction goes on without them only when told to.
 *
 * @throws UserError when no image has a label, or more than `maxMissing` of the inputs have no row
 */
export async function joinLabels(set: FeatureSet, options: JoinOptions): Promise<LabelledData> {
  const { ids, labels: names, rows, withoutRow } = set.labelled(options.labels);
  if (ids.length === 0) {
    throw new UserError({
      what: 'no row of the feature set has a label',
      where: set.folder,
      found: `${set.imageCount} images, ${options.labels?.size ?? set.labels.size} labels, none for the same id`,
      expected: 'a label for at least two images of each class',
      fix: 'featuretap classify --labels FILE: a CSV file with the header id,label',
    });
  }
  const { counts } = set.manifest;
  const ownMissing = options.labels === undefined ? 0 : withoutRow.length;
  const lost = counts.unreadable + counts.failed + ownMissing;
  const inputs = counts.total + ownMissing;
  if (lost > options.maxMissing * inputs) {
    throw new UserError({
      what: `${lost} of ${inputs} inputs gave no row`,
      where: set.folder,
      found: `${counts.unreadable} unreadable, ${counts.failed} failed, ${ownMissing} labels without a row`,
      expected: `at most ${100 * options.maxMissing} %`,
      fix: `see outcomes.csv there; to go on without them: --max-missing ${Math.ceil((1000 * lost) / inputs) / 1000}`,
    });
  }
  const { manifest } = set;
  return {
    ids,
    features: await set.readMatrix(rows),
    ...encodeLabels(names),
    fingerprint: manifest.fingerprint,
    featureSet: {
      folder: set.folder,
      rowCount: manifest.rowCount,
      dims: set.dims,
      weights: manifest.madeBy.weights,
      randomWeights: isRandom(manifest.madeBy),
      missing: missingByReason(set, ownMissing),
      fields: manifest.fields,
      madeBy: manifest.madeBy,
      rowShape: manifest.rowShape,
    },
    warnings: joinWarnings(set, ids.length, rows),
  };
}

function missingByReason(set: FeatureSet, ownMissing: number): Readonly<Record<string, number>> {
  const { missing, unreadable, failed } = set.manifest.counts;
  const reasons = { missing, unreadable, failed, 'label without a row': ownMissing };
  return Object.fromEntries(Object.entries(reasons).filter(([, count]) => count > 0));
}

function joinWarnings(set: FeatureSet, labelled: number, rows: Uint32Array): string[] {
  const warnings: string[] = [];
  if (isRandom(set.manifest.madeBy)) {
    warnings.push('random backbone weights: accuracies mean nothing about pretrained features');
  }
  const unlabelled = set.imageCount - new Set(rows).size;
  if (unlabelled > 0) warnings.push(`${unlabelled} images have a row and no label: left out`);
  const copies = labelled - new Set(rows).size;
  if (copies > 0) {
    warnings.push(
      `${copies} labelled images are exact copies of others: a copy may be tested on what its twin was trained on`,
    );
  }
  return warnings;
}

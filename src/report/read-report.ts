import { dirname } from 'node:path';
import type { Report } from '../classify/result/report.ts';
import { messageOf, UserError } from '../system/errors.ts';
import { nodeFiles, readText } from '../system/files.ts';
import { checkFit } from './check-fit.ts';
import {
  anything,
  boolean,
  count,
  either,
  exactly,
  fields,
  finite,
  fraction,
  hexHash,
  listOf,
  mapOf,
  optional,
  path,
  type Shape,
  ShapeError,
  string,
} from './json-shape.ts';

const scores = {
  accuracy: fraction,
  top5Accuracy: fraction,
  logLoss: finite,
  macroF1: fraction,
  balancedAccuracy: fraction,
} as const;

/** A number for each channel. */
const perChannel: Shape = listOf(finite, { atLeast: 1 });

const fingerprintFields: Shape = fields({
  architecture: string,
  weightsSha256: string,
  tap: string,
  pool: string,
  dtype: string,
  precision: string,
  // Part of a file name.
  calibration: optional(fields({ sha256: hexHash })),
  preprocessing: fields({
    resize: either(count, listOf(count, { exactly: 2 })),
    crop: count,
    interpolation: string,
    mean: perChannel,
    std: perChannel,
    autoOrient: boolean,
  }),
});

const madeBy: Shape = fields({
  weights: string,
  weightsFile: optional(string),
  weightsKey: optional(string),
  weightsVariant: optional(string),
  weightsSeed: optional(count),
  data: string,
});

const setFigures = { reached: fraction, meanSetSize: finite } as const;

const conformal: Shape = fields({
  method: exactly('RAPS'),
  rows: count,
  rowsAre: string,
  scores: listOf(finite, { atLeast: 1 }),
  testImages: count,
  coverages: listOf(
    fields({ ...setFigures, coverage: fraction, answered: fraction, answeredAccuracy: optional(fraction) }),
  ),
  perClass: listOf(fields({ ...setFigures, name: string, images: count })),
  riskCoverage: listOf(fields({ answered: fraction, accuracy: fraction, probability: fraction })),
});

const reportShape: Shape = fields({
  ...scores,
  model: string,
  solver: string,
  params: mapOf(anything),
  perRepeat: listOf(
    fields({
      ...scores,
      repeat: count,
      fitSeconds: finite,
      predictSeconds: finite,
      converged: boolean,
      iterations: count,
      train: listOf(count, { atLeast: 1 }),
      test: listOf(count, { atLeast: 1 }),
    }),
    { atLeast: 1 },
  ),
  classes: listOf(string, { atLeast: 1 }),
  trainSize: count,
  testSize: count,
  subsample: optional(fields({ rows: count, of: count })),
  grouping: optional(fields({ by: exactly('near-copies'), groups: count, images: count })),
  copies: optional(
    fields({
      compared: count,
      of: count,
      distance: finite,
      clusters: count,
      images: count,
      acrossSplit: count,
      accuracyWithout: optional(fraction),
    }),
  ),
  seed: count,
  fitSeconds: finite,
  predictSeconds: finite,
  features: string,
  featureSet: fields({
    folder: path,
    rowCount: count,
    dims: count,
    weights: string,
    randomWeights: boolean,
    missing: mapOf(count),
    fields: optional(fingerprintFields),
    madeBy: optional(madeBy),
    rowShape: optional(listOf(count, { atLeast: 1 })),
    parts: optional(
      listOf(
        fields({
          folder: path,
          dims: count,
          weights: string,
          features: string,
          fields: optional(fingerprintFields),
          madeBy: optional(madeBy),
        }),
        { atLeast: 2 },
      ),
    ),
  }),
  splitHash: string,
  imagesSha256: optional(hexHash),
  joined: optional(fields({ ids: path, leftOut: listOf(fields({ folder: path, images: listOf(string) })) })),
  confusion: listOf(listOf(count), { atLeast: 1 }),
  perClass: listOf(
    fields({
      name: string,
      precision: fraction,
      recall: fraction,
      f1: fraction,
      support: count,
      trained: optional(finite),
    }),
  ),
  learningCurve: optional(
    listOf(fields({ repeat: count, trainSize: count, accuracy: fraction, logLoss: finite }), { atLeast: 1 }),
  ),
  uncalibratedLogLoss: optional(finite),
  conformal: optional(conformal),
  probabilities: string,
  warnings: listOf(string),
  details: mapOf(anything),
  headSha256: optional(hexHash),
  predictionsSha256: optional(hexHash),
  command: string,
  versions: mapOf(string),
  createdAt: string,
});

/**
 * Reads and checks a report.json. `report` becomes its current folder.
 *
 * @throws UserError naming the file and the field if the file is not a report of this version, or damaged
 */
export async function readReport(file: string): Promise<Report> {
  let text: string;
  try {
    text = await readText(nodeFiles, file);
  } catch (cause) {
    throw new UserError({
      what: 'the report cannot be read',
      where: file,
      found: cause instanceof UserError ? cause.parts.found : messageOf(cause),
      fix: 'featuretap classify writes one; name its folder',
      cause,
    });
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new UserError({
      what: 'the report is not JSON',
      where: file,
      found: messageOf(cause),
      fix: 'delete the file, or run classify again to write the report',
      cause,
    });
  }
  try {
    fields({ formatVersion: exactly(1) })(document, '');
    reportShape(document, '');
    const { classes } = document as Report;
    const square = { exactly: classes.length };
    fields({ confusion: listOf(listOf(count, square), square), perClass: listOf(anything, square) })(document, '');
    checkFit(document as Report);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new UserError({
      what: 'the file is not a report that this version of featuretap can read',
      where: error.at === '' ? file : `${file}, field ${error.at}`,
      found: error.found,
      expected: error.expected,
      fix: 'featuretap classify --model all writes reports anew; or leave the file out of the comparison',
    });
  }
  return { ...(document as Report), report: dirname(file) };
}

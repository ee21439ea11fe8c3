import type { Report } from '../classify/result/report.ts';
import { openFeatureSet } from '../features/reader.ts';
import type { FittedHead } from '../models/model.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { valueAt } from '../system/at.ts';
import { UserError } from '../system/errors.ts';
import { float32Of, openOrtSession, runtime } from '../system/onnx-runtime.ts';
import { shortPath } from '../system/short-path.ts';
import { headNames } from './export-head.ts';

/** Tolerated difference of any probability between an exported head and the head itself. */
const exportTolerance = 1e-5;
/** Tolerated share of rows with another class, for ties up to rounding. */
const otherClasses = 0.01;

/** Rows per run of the check. */
const blockRows = 64;

/**
 * Compares an exported head in ONNX Runtime with the head itself.
 *
 * @returns the largest difference of any probability
 * @throws UserError if it is above `exportTolerance`, or rows get another class
 */
export async function checkExport(model: Uint8Array, head: FittedHead, rows: Matrix): Promise<number> {
  const { Tensor } = runtime();
  const session = await openOrtSession(model, {});
  try {
    let worst = 0;
    let others = 0;
    for (let first = 0; first < rows.rowCount; first += blockRows) {
      const rowCount = Math.min(blockRows, rows.rowCount - first);
      const data = rows.data.slice(first * rows.columnCount, (first + rowCount) * rows.columnCount);
      const expected = await head.predictBoth({ rowCount, columnCount: rows.columnCount, data });
      const feeds = { [headNames.input]: new Tensor('float32', data, [rowCount, rows.columnCount]) };
      const answer = await session.run(feeds);
      const found = float32Of(answer, headNames.probabilities);
      const labels = answer[headNames.label]?.data ?? [];
      others += expected.predicted.filter((c, i) => labels[i] !== head.classes[c]).length;
      expected.probabilities.data.forEach((value, i) => {
        const difference = Math.abs(value - valueAt(found, i));
        // Also true for NaN.
        if (!(difference <= worst)) worst = difference;
      });
    }
    if (worst <= exportTolerance && others <= Math.ceil(otherClasses * rows.rowCount)) return worst;
    throw new UserError({
      what: `the exported head does not give the ${worst <= exportTolerance ? 'classes' : 'probabilities'} of the head itself`,
      found: `a difference of ${worst}; ${others} of ${rows.rowCount} rows get another class`,
      expected: `at most ${exportTolerance}, and the same classes`,
      fix: 'please report this with the model and its parameters; nothing was written',
    });
  } finally {
    await session.release();
  }
}

/** Rows for the check: from the head's feature set, or random if it is missing or has changed. */
export async function rowsToCheck(report: Report, rowCount: number): Promise<{ rows: Matrix; what: string }> {
  const { folder, dims } = report.featureSet;
  try {
    const set = await openFeatureSet(folder);
    if (set.manifest.fingerprint === report.features && set.dims === dims) {
      const step = Math.max(1, Math.floor(set.rows.length / rowCount));
      const rows = await set.readMatrix(set.rows.filter((_, i) => i % step === 0).slice(0, rowCount));
      return { rows, what: `${rows.rowCount} rows of ${shortPath(folder)}` };
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
  return { rows: drawnRows(rowCount, dims), what: `${rowCount} drawn rows` };
}

/** Seeded rows that look like pooled features: non-negative, mostly small. */
function drawnRows(rowCount: number, columnCount: number): Matrix {
  const data = new Float32Array(rowCount * columnCount);
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = (state / 2 ** 32) ** 3 * 2;
  }
  return { rowCount, columnCount, data };
}

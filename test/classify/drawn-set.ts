import type { LabelLine } from '../../src/features/index/labels.ts';
import type { Outcome } from '../../src/features/index/outcomes.ts';
import type { Matrix } from '../../src/numerics/matrix.ts';
import { randomState } from '../../src/numerics/mt19937.kernel.ts';
import { makeFeatureSet } from '../features/make-feature-set.ts';

/**
 * Random rows around the centre of their class, non-negative like pooled ReLU features. Class of a row: row % classes.
 */
export function drawRows(rowCount: number, dims: number, classCount: number, seed: number, spread = 0.6): Matrix {
  const random = randomState(seed);
  const centres = Float32Array.from({ length: classCount * dims }, () => random.double());
  const data = Float32Array.from({ length: rowCount * dims }, (_, i) => {
    const row = Math.floor(i / dims);
    const centre = centres[(row % classCount) * dims + (i % dims)] as number;
    return Math.max(0, centre + spread * (random.double() + random.double() - 1));
  });
  return { rowCount, columnCount: dims, data };
}

export interface DrawnSet {
  readonly rows: number;
  readonly dims?: number;
  readonly classes?: number;
  readonly outcomes?: readonly Outcome[];
  readonly weights?: string;
  readonly labels?: readonly LabelLine[];
  readonly weightsSha256?: string;
}

/** Writes a feature set of random rows with ids `img-000` and classes `kind-0`. */
export async function makeDrawnSet(folder: string, options: DrawnSet): Promise<void> {
  const { rows, dims = 20, classes = 4 } = options;
  const ids = Array.from({ length: rows }, (_, row) => `img-${String(row).padStart(3, '0')}`);
  await makeFeatureSet(folder, {
    matrix: drawRows(rows, dims, classes, 1),
    ids,
    labels: options.labels ?? ids.map((id, row) => [id, `kind-${row % classes}`]),
    ...(options.outcomes === undefined ? {} : { outcomes: options.outcomes }),
    ...(options.weightsSha256 === undefined ? {} : { fields: { weightsSha256: options.weightsSha256 } }),
    ...(options.weights === undefined ? {} : { weights: options.weights }),
  });
}

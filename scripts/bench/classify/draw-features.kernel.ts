import { type RandomState, randomState } from '../../../src/numerics/mt19937.kernel.ts';

/** Rows that resemble pooled ResNet50 features of many classes. */
interface DrawnFeatures {
  readonly rowCount: number;
  readonly columnCount: number;
  /** [rowCount, columnCount], non-negative. */
  readonly data: Float32Array;
  /** Class number per row; all classes, of uneven sizes, shuffled. */
  readonly labels: Int32Array;
}

/** Number of latent dimensions, from which all features follow. */
const LATENT = 48;
/**
 * Distance of the class centres relative to the spread within a class; a linear head then has an accuracy of about
 * 0.84.
 */
const SPREAD = 0.505;

/**
 * Draws class centres and a spread around them in a few latent dimensions, maps them to `columnCount` features by a
 * random matrix, adds noise and clips at 0 like a network's last ReLU. The same seed gives the same features.
 */
export function drawFeatures(rowCount: number, columnCount: number, classCount: number, seed: number): DrawnFeatures {
  const random = randomState(seed);
  const normal = normals(random);
  const centres = Float64Array.from({ length: classCount * LATENT }, () => SPREAD * normal());
  const lift = Float64Array.from({ length: LATENT * columnCount }, () => normal() / Math.sqrt(LATENT));
  const offsets = Float64Array.from({ length: columnCount }, () => 0.4 * normal() - 0.1);
  const labels = drawLabels(rowCount, classCount, random);
  const data = new Float32Array(rowCount * columnCount);
  const sums = new Float64Array(columnCount);
  for (let row = 0; row < rowCount; row++) {
    for (let column = 0; column < columnCount; column++) sums[column] = offsets[column] + 0.35 * normal();
    for (let k = 0; k < LATENT; k++) {
      const latent = 0.6 * (centres[labels[row] * LATENT + k] + 0.8 * normal());
      for (let column = 0, at = k * columnCount; column < columnCount; column++, at++) {
        sums[column] += latent * lift[at];
      }
    }
    for (let column = 0; column < columnCount; column++) data[row * columnCount + column] = Math.max(0, sums[column]);
  }
  return { rowCount, columnCount, data, labels };
}

/** Class sizes that differ by up to a factor of two, as in photo collections; at least one row each. */
function drawLabels(rowCount: number, classCount: number, random: RandomState): Int32Array {
  const weights = Float64Array.from({ length: classCount }, () => 1 + random.double());
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const labels = new Int32Array(rowCount);
  let row = 0;
  let share = 0;
  for (let c = 0; c < classCount; c++) {
    share += weights[c] / total;
    const end = c === classCount - 1 ? rowCount : Math.max(row + 1, Math.round(share * rowCount));
    while (row < end && row < rowCount) labels[row++] = c;
  }
  random.shuffle(labels);
  return labels;
}

/** Pairs of standard normal numbers by the Box-Muller transform. */
function normals(random: RandomState): () => number {
  let spare = Number.NaN;
  return () => {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = Number.NaN;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random.double()));
    const angle = 2 * Math.PI * random.double();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

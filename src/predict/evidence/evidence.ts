import type { TapMap } from '../../extract/backbone/backbone.ts';
import type { FingerprintFields } from '../../features/manifest/manifest.ts';
import { featureScores } from '../../models/feature-scores.ts';
import type { SavedHead } from '../../models/model.ts';
import { valueAt } from '../../system/at.ts';
import { lengthOfMeans, weightedMap } from './map.kernel.ts';

/** Class activation map of a photo for one class. */
export interface Evidence {
  readonly class: string;
  /** Score of the class before softmax and calibration: the mean of the map. */
  readonly score: number;
  /** Contribution of each position of the network's input, row by row from the upper left: [rows][columns]. */
  readonly map: readonly (readonly number[])[];
}

/** Evidence with an overlay on its photo. */
export interface ShownEvidence extends Evidence {
  /** The PNG file written. */
  readonly file?: string;
  /** The PNG itself, in base64. */
  readonly png?: string;
}

/** Computes class activation maps from a tap's values, without another run of the network. */
export interface EvidenceMaps {
  /**
   * @param row index in the batch of the tap's values
   * @param classNumber class number of the head
   */
  evidenceOf(tap: TapMap, row: number, classNumber: number): Evidence;
}

/** Positions of a mean-pooled tap, row by row. */
interface Places {
  readonly rows: number;
  readonly columns: number;
  /** Offset in the values of one image. */
  readonly first: number;
  readonly channelStep: number;
  readonly placeStep: number;
}

/**
 * Class activation maps of a head (Zhou et al., 2016). They are exact for linear scores of mean-pooled features: the
 * mean of the weighted map is then the score itself.
 *
 * @param tapShape shape of the tap for one image
 * @returns a text with the reason if they would not be exact
 */
export async function openEvidence(
  saved: SavedHead,
  fields: Pick<FingerprintFields, 'pool' | 'prefixTokens'>,
  tapShape: readonly number[],
): Promise<EvidenceMaps | string> {
  if (fields.pool !== 'mean') {
    return `features pooled by ${fields.pool} are not averages over positions, so they have no class activation map`;
  }
  const places = placesOf(tapShape, fields.prefixTokens ?? 0);
  if (places === undefined) return `what was tapped, [${tapShape.join(', ')}], has no spatial positions`;
  const scores = await featureScores(saved);
  if (scores === undefined) {
    return `the scores of ${headInWords(saved)} are not linear in the features, so they have no class activation map`;
  }
  const { dims, classes } = saved;
  const { rows, columns, first, channelStep, placeStep } = places;
  const length = tapShape.reduce((product, extent) => product * extent, 1);
  const values = new Float64Array(rows * columns);
  return {
    evidenceOf: (tap, row, c) => {
      const start = row * length + first;
      const own = tap.data.subarray(start, (row + 1) * length);
      const weights = scores.weights.subarray(c * dims, (c + 1) * dims);
      const bias = valueAt(scores.bias, c);
      weightedMap(own, weights, scores.perLength ? 0 : bias, channelStep, placeStep, values);
      if (scores.perLength) {
        const by = 1 / (lengthOfMeans(own, dims, rows * columns, channelStep, placeStep) || 1);
        for (const [i, value] of values.entries()) values[i] = value * by + bias;
      }
      const map = Array.from({ length: rows }, (_, y) => [...values.subarray(y * columns, (y + 1) * columns)]);
      const score = values.reduce((sum, value) => sum + value, 0) / values.length;
      return { class: valueAt(classes, c), score, map };
    },
  };
}

/** Of [channels, height, width], or of a square of patches [prefix + patches, channels]. */
function placesOf(shape: readonly number[], prefixTokens: number): Places | undefined {
  const [one = 0, two = 0, three = 0] = shape;
  if (shape.length === 3) return { rows: two, columns: three, first: 0, channelStep: two * three, placeStep: 1 };
  if (shape.length !== 2) return undefined;
  const side = Math.round(Math.sqrt(one - prefixTokens));
  if (side ** 2 !== one - prefixTokens) return undefined;
  return { rows: side, columns: side, first: prefixTokens * two, channelStep: 1, placeStep: two };
}

function headInWords({ model, params }: SavedHead): string {
  const { kernel } = params;
  return kernel === 'rbf' ? `${model} with the rbf kernel` : model;
}

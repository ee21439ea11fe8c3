import type { MadeBy, Pool } from '../features/manifest/manifest.ts';
import { valueAt } from '../system/at.ts';
import { UserError } from '../system/errors.ts';
import type { Backbone, PixelBatch } from './backbone/backbone.ts';
import { poolRows } from './backbone/pool.ts';
import { type SampleForm, samplesOf } from './images/samples.ts';

/**
 * Tolerated difference of the canary between engines or devices, ‖a - b‖ / ‖b‖: float32 engines differ by up to 1e-5,
 * GPUs with TF32 by up to 1e-3, other networks by 0.1 and more.
 */
const canaryTolerance = 1e-3;

/**
 * A fixed synthetic image of shapes, edges and noise, drawn in integer arithmetic, so that its bytes are the same on
 * every machine. Its features are kept with a feature set, to verify that an engine computes the same numbers before it
 * adds rows.
 */
export function drawCanary(form: SampleForm): PixelBatch {
  const { crop } = form;
  const bytesNHWC = new Uint8Array(crop * crop * 3);
  let state = 1;
  for (let y = 0, at = 0; y < crop; y++) {
    for (let x = 0; x < crop; x++) {
      const isInside = (2 * x - crop) ** 2 + (2 * y - crop) ** 2 < (crop * crop) / 3;
      const isStripe = Math.floor((8 * (x + y)) / crop) % 2 === 0;
      for (let channel = 0; channel < 3; channel++, at++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        const shade = Math.floor((160 * (channel === 1 ? y : x)) / crop) + (isInside ? 60 - 30 * channel : 0);
        bytesNHWC[at] = Math.min(255, Math.max(0, shade + (isStripe ? 20 : 0) + (state >>> 28)));
      }
    }
  }
  return { rowCount: 1, crop, bytesNHWC: samplesOf(bytesNHWC, form) };
}

/**
 * The canary's features by an open backbone: the mean of each channel of the tap, or over all tokens, float32,
 * little-endian, base64.
 *
 * @param tap one of the backbone's; default: its first
 */
export async function measureCanary(backbone: Backbone, pool: Pool, tap: string = backbone.tap.name): Promise<string> {
  const maps = await backbone.runAll(drawCanary(backbone.preprocessing));
  const map = valueAt(
    maps,
    backbone.taps.findIndex(({ name }) => name === tap),
  );
  const axes = map.rowShape.length;
  const isMean = axes === 3 || (axes === 2 && pool !== 'none');
  const { data } = poolRows(map, isMean ? 'mean' : 'none', 0);
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}

/** Engine and device of a network. */
type RunsOn = Pick<MadeBy, 'engine' | 'engineVersion' | 'device'>;

/**
 * Compares the canary of an open backbone with that of a feature set.
 *
 * @throws UserError if they differ by more than the tolerance
 */
export function compareCanaries(kept: string, measured: string, before: RunsOn, now: RunsOn): void {
  const difference = relativeDifference(vectorOf(measured), vectorOf(kept));
  if (difference <= canaryTolerance) return;
  throw new UserError({
    what: "this engine does not reproduce the feature set's numbers",
    where: 'the canary, a synthetic image whose features are recorded in manifest.json',
    found: `off by ${difference.toExponential(1)} on ${now.engine} ${now.engineVersion}, ${now.device}`,
    expected: `at most ${canaryTolerance} from ${before.engine} ${before.engineVersion}, ${before.device}`,
    fix: `--engine ${before.engine} --device ${before.device} continues this set; --name OTHER starts another`,
  });
}

function vectorOf(base64: string): Float32Array {
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
  return new Float32Array(bytes.buffer, 0, Math.floor(bytes.length / 4));
}

/** ‖a - b‖ / ‖b‖; infinite if the lengths differ. */
function relativeDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let norm = 0;
  for (const [i, value] of b.entries()) {
    difference += (valueAt(a, i) - value) ** 2;
    norm += value ** 2;
  }
  return norm === 0 ? Math.sqrt(difference) : Math.sqrt(difference / norm);
}

import type { TapMap } from '../../src/extract/backbone/backbone.ts';
import { openBackbone } from '../../src/extract/backbone/open-backbone.ts';
import { loadTensorFlow } from '../../src/extract/backbone/tensorflow/load-tensorflow.ts';
import { loadWeights } from '../../src/extract/weights/load-weights.ts';
import { drawPictures, seedGenerator } from '../../src/extract/weights/random/draw.kernel.ts';
import { UserError } from '../../src/system/errors.ts';

/** Largest difference allowed between float32 libraries, ‖a - b‖ / ‖b‖ per image. */
const tolerance = 1e-4;

/**
 * Runs random ResNet50 weights on generated pictures with native TensorFlow and ONNX Runtime.
 *
 * @returns one line: version, device, agreement and speed
 * @throws UserError if the library does not load or the engines disagree
 */
export async function proveTensorFlow(): Promise<string> {
  await loadTensorFlow();
  const weights = await loadWeights('random');
  const rowCount = 4;
  const crop = 224;
  const bytesNHWC = Uint8Array.from(drawPictures(rowCount, crop, seedGenerator(0)), (value) => value * 255);
  const batch = { rowCount, crop, bytesNHWC };
  const preprocessing = {
    resize: 256,
    crop,
    interpolation: 'bilinear',
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    autoOrient: false,
  } as const;
  const onnx = await openBackbone({ weights, tap: 'avgpool', preprocessing, device: 'cpu' });
  const expected = await onnx.run(batch);
  await onnx.close();
  const tensorflow = await openBackbone({ weights, tap: 'avgpool', preprocessing, engine: 'tensorflow' });
  const found = await tensorflow.run(batch);
  const start = performance.now();
  await tensorflow.run(batch);
  const imagesPerSecond = (rowCount / (performance.now() - start)) * 1000;
  const { engineVersion, device } = tensorflow;
  await tensorflow.close();
  const worst = worstDifference(found, expected);
  if (!(worst <= tolerance))
    throw new UserError({
      what: 'The tensorflow engine and ONNX Runtime give different features',
      where: `TensorFlow.js ${engineVersion} on ${device}`,
      found: `a relative difference of ${worst.toExponential(1)}`,
      expected: `at most ${tolerance}`,
    });
  return (
    `TensorFlow.js ${engineVersion} on ${device}: features agree with ONNX Runtime within ${worst.toExponential(1)}, ` +
    `ResNet50 at ${imagesPerSecond.toFixed(1)} images/s in batches of ${rowCount}`
  );
}

function worstDifference(found: TapMap, expected: TapMap): number {
  const length = expected.data.length / expected.rowCount;
  let worst = 0;
  for (let row = 0; row < expected.rowCount; row++) {
    let difference = 0;
    let norm = 0;
    for (let at = row * length; at < (row + 1) * length; at++) {
      difference += ((found.data[at] ?? Number.NaN) - (expected.data[at] ?? 0)) ** 2;
      norm += (expected.data[at] ?? 0) ** 2;
    }
    const relative = Math.sqrt(difference / norm);
    // NaN must be the largest.
    if (!(relative <= worst)) worst = relative;
  }
  return worst;
}

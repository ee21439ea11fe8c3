import type { Backbone, PixelBatch, TapMap } from '../backbone.ts';

/** Runs images through a backbone a few at a time, so that a sample costs no more memory than a batch. */
export async function runSample(backbone: Backbone, pixels: PixelBatch): Promise<TapMap> {
  const rowShape = backbone.tap.shape;
  const rowLength = rowShape.reduce((product, extent) => product * extent, 1);
  const data = new Float32Array(pixels.rowCount * rowLength);
  const imageBytes = pixels.bytesNHWC.length / pixels.rowCount;
  for (let from = 0; from < pixels.rowCount; from += rowsPerRun) {
    const to = Math.min(pixels.rowCount, from + rowsPerRun);
    const bytesNHWC = pixels.bytesNHWC.subarray(from * imageBytes, to * imageBytes);
    const map = await backbone.run({ rowCount: to - from, crop: pixels.crop, bytesNHWC });
    data.set(map.data, from * rowLength);
  }
  return { rowCount: pixels.rowCount, rowShape, data };
}

const rowsPerRun = 8;

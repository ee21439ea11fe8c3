import type { Preprocessing } from '../../../features/manifest/manifest.ts';
import { decodeModel } from '../../../formats/onnx/decode.ts';
import type { OnnxModel } from '../../../formats/onnx/schema.ts';
import type { PixelBatch, TapMap } from '../backbone.ts';
import type { Network } from '../network.ts';
import { openOnnxBackbone } from '../onnx-backbone.ts';
import { multipliesBytesExactly } from '../processor.ts';
import { runSample } from './run-sample.ts';

/** Number of nodes per operator in a graph. */
export function countOperators(model: OnnxModel): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { opType } of model.graph.node) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  return counts;
}

/** Returns warnings for convolutions and sums that ONNX Runtime left in float32: their results are right, but slow. */
export function findFloatLeftovers(optimizedModel: Uint8Array): readonly string[] {
  const counts = countOperators(decodeModel(optimizedModel, "ONNX Runtime's optimized graph"));
  const of = (...operators: readonly string[]): number =>
    operators.reduce((sum, operator) => sum + (counts.get(operator) ?? 0), 0);
  const convolutions = of('Conv', 'FusedConv');
  const sums = of('Add');
  if (convolutions + sums === 0) return [];
  return [
    `int8: ONNX Runtime left ${convolutions} of ${convolutions + of('QLinearConv')} convolutions and ${sums} of ` +
      `${sums + of('QLinearAdd')} sums in float32 here; the features are right, the speed is not`,
  ];
}

/** Number of sample images for the check of a processor without exact byte products. */
const checkedImages = 2;

/**
 * On processors that may clip sums of byte products, compares the integer graph bit by bit with itself run in exact
 * products, and returns warnings. Quantized weights are chosen so that nothing is clipped.
 */
export async function findClipping(
  network: Network,
  options: { readonly tap: string; readonly preprocessing: Preprocessing; readonly threads?: number | undefined },
  sample: PixelBatch,
  quantized: TapMap,
  exact: boolean | undefined = multipliesBytesExactly(),
): Promise<readonly string[]> {
  if (exact === true) return [];
  const rowCount = Math.min(checkedImages, sample.rowCount);
  const reference = await openOnnxBackbone(network, { ...options, device: 'cpu', exactProducts: true });
  try {
    const imageBytes = sample.bytesNHWC.length / sample.rowCount;
    const pixels = { ...sample, rowCount, bytesNHWC: sample.bytesNHWC.subarray(0, rowCount * imageBytes) };
    const { data } = await runSample(reference, pixels);
    const off = data.reduce((count, value, at) => (value === quantized.data[at] ? count : count + 1), 0);
    if (off === 0) return [];
    const processor = exact === false ? 'this processor has no VNNI' : 'this processor may have no VNNI';
    return [
      `int8: ${processor}, and its byte products clip: ${((off / data.length) * 100).toFixed(1)} % of the values differ ` +
        'from exact ones; --precision float32 does not lose this',
    ];
  } finally {
    await reference.close();
  }
}

import type { Preprocessing } from '../../../features/manifest.ts';
import { decodeModel } from '../../../formats/onnx/decode.ts';
import type { OnnxModel } from '../../../formats/onnx/schema.ts';
import { poolRows } from '../../pool.ts';
import type { PixelBatch, TapMap } from '../backbone.ts';
import type { Network } from '../network.ts';
import { openOnnxBackbone } from '../onnx-backbone.ts';
import { cosines } from './cosine.kernel.ts';
import { multipliesBytesExactly } from './processor.ts';
import { runSample } from './run-sample.ts';

/** How many nodes of each operator a graph has. */
export function countOperators(model: OnnxModel): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { opType } of model.graph.node) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  return counts;
}

/**
 * Looks for convolutions and sums that ONNX Runtime left in float32: a graph that it optimized otherwise is right, but
 * slow. Returns warnings.
 *
 * @param optimizedModel the graph as ONNX Runtime runs it
 */
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

/** Sample images that a processor without exact byte products is checked on. */
const checkedImages = 2;
/** The integer graph and its float32 form round in other places: measured 0.9996 where nothing is clipped. */
const clippingFloor = 0.998;

/**
 * Compares the integer graph with the same quantized graph run in float32, where the processor may clip sums of byte
 * products. Returns warnings.
 */
export async function findClipping(
  network: Network,
  options: { readonly tap: string; readonly preprocessing: Preprocessing; readonly threads?: number },
  sample: PixelBatch,
  quantized: TapMap,
  exact: boolean | undefined = multipliesBytesExactly(),
): Promise<readonly string[]> {
  if (exact === true) return [];
  const rowCount = Math.min(checkedImages, sample.rowCount);
  const reference = await openOnnxBackbone(network, { ...options, device: 'cpu', unoptimized: true });
  try {
    const pixels = { ...sample, rowCount, bytesNHWC: sample.bytesNHWC.subarray(0, rowCount * sample.crop ** 2 * 3) };
    const expected = poolRows(await runSample(reference, pixels), 'mean');
    const actual = poolRows(quantized, 'mean').data.subarray(0, expected.data.length);
    const worst = Math.min(...cosines(actual, expected.data, rowCount));
    const processor = exact === false ? 'this processor has no VNNI' : 'this processor may have no VNNI';
    if (worst >= clippingFloor) return [];
    return [
      `int8: ${processor}, and its byte products clip: cosine ${worst.toFixed(4)} to exact ones; ` +
        '--precision float32 does not lose this',
    ];
  } finally {
    await reference.close();
  }
}

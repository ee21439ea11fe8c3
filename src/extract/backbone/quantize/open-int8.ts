import { join } from 'node:path';
import type { Preprocessing } from '../../../features/manifest/manifest.ts';
import { usageError } from '../../../system/errors.ts';
import { nodeFiles, readWhole } from '../../../system/files.ts';
import { makeTemporaryFolder } from '../../../system/temporary-folder.ts';
import type { StateDict } from '../../weights/state-dict.ts';
import type { Backbone } from '../backbone.ts';
import type { Network } from '../network.ts';
import { openOnnxBackbone } from '../onnx-backbone.ts';
import { poolRows } from '../pool.ts';
import { buildResNet } from '../resnet-graph.ts';
import { resolveTap } from '../taps.ts';
import type { ActivationRanges } from './activation-ranges.ts';
import { checkAgreement, measureAgreement } from './agreement.ts';
import { type Calibrated, calibrate, type Sample } from './calibrate.ts';
import { findClipping, findFloatLeftovers } from './check-int8.ts';
import { buildInt8ResNet } from './int8-graph.ts';
import { runSample } from './run-sample.ts';

export interface Int8Options {
  readonly weights: StateDict;
  readonly tap: string;
  readonly preprocessing: Preprocessing;
  readonly threads?: number | undefined;
}

/** Opens a ResNet quantized to int8 by activation ranges measured before; on the CPU. */
export async function openInt8Backbone(options: Int8Options, activationRanges: ActivationRanges): Promise<Backbone> {
  const network = buildInt8ResNet(options.weights, options.preprocessing, activationRanges);
  checkTap(network, options.tap);
  return openOnnxBackbone(network, { ...options, device: 'cpu' });
}

export interface Int8Preparation {
  readonly activationRanges: ActivationRanges;
  /** For example, that int8 loses accuracy on this processor, or that parts of the graph are not int8. */
  readonly warnings: readonly string[];
  readonly backbone: Backbone;
}

/**
 * Calibrates a ResNet on sample images, quantizes it, and compares both on the same images.
 *
 * @throws UserError if the tap is not among the quantized network's tensors, or if the quantized features are too far
 *   from the float32 ones
 */
export async function prepareInt8(options: Int8Options, sample: Sample): Promise<Int8Preparation> {
  const { weights, tap, preprocessing, threads } = options;
  const exact = buildResNet(weights, preprocessing.crop);
  const { measurements, tapped } = await calibrate(exact, {
    weights,
    preprocessing,
    sample,
    tap: resolveTap(exact, tap),
    threads,
  });
  const network = buildInt8ResNet(weights, preprocessing, measurements);
  checkTap(network, tap);
  const { architecture, sha256: weightsSha256 } = weights;
  return openCompared(network, options, sample, { tapped, measurements, architecture, weightsSha256 });
}

/** The float32 reference of a quantized network, and the network it belongs to. */
interface Prepared extends Pick<ActivationRanges, 'architecture' | 'weightsSha256'>, Calibrated {}

/**
 * Opens a quantized network and compares it with the float32 one, on the sample that it was calibrated on.
 *
 * @throws UserError if the quantized features are too far from the float32 ones
 */
export async function openCompared(
  network: Network,
  options: Omit<Int8Options, 'weights'> & { readonly prove?: boolean },
  sample: Sample,
  { tapped, measurements, architecture, weightsSha256 }: Prepared,
): Promise<Int8Preparation> {
  const { preprocessing } = options;
  const folder = await makeTemporaryFolder('int8');
  try {
    const optimizedModelPath = join(folder.path, 'optimized.onnx');
    const backbone = await openOnnxBackbone(network, { ...options, device: 'cpu', optimizedModelPath });
    try {
      const quantized = await runSample(backbone, sample.pixels);
      // All tokens of a transformer are compared; only the pool chooses among them.
      const pool = tapped.rowShape.length === 3 ? 'mean' : 'none';
      const agreement = measureAgreement(poolRows(quantized, pool), poolRows(tapped, pool));
      checkAgreement(agreement, network.source);
      const warnings = [
        // A user's own graph keeps its sums in float32.
        ...(options.prove === true ? [] : findFloatLeftovers(await readWhole(nodeFiles, optimizedModelPath))),
        ...(await findClipping(network, options, sample.pixels, quantized)),
      ];
      const activationRanges = { architecture, weightsSha256, preprocessing, agreement, ...measurements };
      return { activationRanges, warnings, backbone };
    } catch (error) {
      await backbone.close();
      throw error;
    }
  } finally {
    await folder.remove();
  }
}

/** A quantized network has fewer float32 taps: none between a convolution and its ReLU. */
function checkTap(network: Network, tap: string): void {
  const isStage = network.stages.some(({ name }) => name === tap);
  if (isStage || network.model.graph.node.some(({ output }) => output.includes(tap))) return;
  const stages = network.stages.map(({ name }) => name).join(', ');
  throw usageError(
    '--tap',
    `${tap}, with --precision int8`,
    `${stages}, or a tensor behind a relu`,
    'another tap, or --precision float32',
  );
}

import type { SymbolicTensor } from '@tensorflow/tfjs';
import type { DeviceName, Preprocessing } from '../../../features/manifest/manifest.ts';
import { valueAt } from '../../../system/at.ts';
import { UserError } from '../../../system/errors.ts';
import type { StateDict } from '../../weights/state-dict.ts';
import { type Backbone, serialBackbone, type TapMap } from '../backbone.ts';
import type { Network } from '../network.ts';
import { normalizationTable, normalizePixels } from '../normalize.kernel.ts';
import { resolveTap } from '../taps.ts';
import type { TensorFlow } from './load-tensorflow.ts';
import { buildTensorFlowResNet } from './tensorflow-resnet.ts';

interface TensorFlowBackboneOptions {
  /** A stage's name or a tensor's own, or several. */
  readonly tap: string | readonly string[];
  readonly preprocessing: Preprocessing;
  /** Default: the backend's device. */
  readonly device?: DeviceName | undefined;
}

/**
 * Opens a ResNet on TensorFlow.js whose outputs are the tapped tensors.
 *
 * @param tf the TensorFlow.js module, its backend chosen: @tensorflow/tfjs-node-gpu, or @tensorflow/tfjs on WASM or CPU
 * @param network the same weights as a graph: names of stages and tensors come from it
 * @throws UserError if a tap is unknown, or the backend does not run on the requested device
 */
export async function openTensorFlowBackbone(
  tf: TensorFlow,
  weights: StateDict,
  network: Network,
  options: TensorFlowBackboneOptions,
): Promise<Backbone> {
  await tf.ready();
  const device = deviceOf(tf);
  if (options.device !== undefined && options.device !== device) throw wrongDevice(tf, device, options.device);
  const named = [options.tap].flat().map((tap) => ({ name: tap, tensor: resolveTap(network, tap) }));
  const whole = buildTensorFlowResNet(tf, weights, options.preprocessing.crop);
  // The tap `avgpool` is the input of the average pool.
  const tapped = named.map(({ name, tensor }) => {
    const layer = whole.getLayer(name === 'avgpool' ? 'avgpool' : tensor);
    return (name === 'avgpool' ? layer.input : layer.output) as SymbolicTensor;
  });
  const model = tf.model({ inputs: whole.inputs, outputs: tapped });
  const taps = named.map((tap, at) => {
    const { shape } = valueAt(tapped, at);
    return { ...tap, shape: channelsFirst(shape.slice(1) as number[]) };
  });
  const { preprocessing } = options;
  const { architecture } = weights;
  const table = normalizationTable(preprocessing.mean, preprocessing.std);
  // TensorFlow.js keeps one list of living tensors, so runs wait for each other.
  return serialBackbone(
    { engine: 'tensorflow', engineVersion: versionOf(tf), device, architecture, taps, preprocessing },
    async ({ rowCount, crop, bytesNHWC }) => {
      const expected = rowCount * crop * crop * 3;
      if (crop !== preprocessing.crop || bytesNHWC.length !== expected)
        throw new RangeError(
          `a batch of ${rowCount} crops of ${crop} in ${bytesNHWC.length} bytes; expected crops of ${preprocessing.crop} in ${expected}`,
        );
      const pixels = new Float32Array(expected);
      normalizePixels(bytesNHWC, rowCount * crop * crop, table, pixels);
      const outputs = tf.tidy(() => {
        const input = tf.tensor4d(pixels, [rowCount, crop, crop, 3]);
        const maps = [model.predictOnBatch(input)].flat();
        return maps.map((map) => (map.rank === 4 ? tf.transpose(map, [0, 3, 1, 2]) : map));
      });
      try {
        const maps: TapMap[] = [];
        for (const [tap, output] of outputs.entries()) {
          maps.push({ rowCount, rowShape: valueAt(taps, tap).shape, data: await output.data<'float32'>() });
        }
        return maps;
      } finally {
        tf.dispose(outputs);
      }
    },
    // The tapped model shares all layers with the whole one.
    () => void whole.dispose(),
  );
}

/** [height, width, channels] to [channels, height, width]; a vector stays as it is. */
function channelsFirst(shape: readonly number[]): readonly number[] {
  const [height = 0, width = 0, channels = 0] = shape;
  return shape.length === 3 ? [channels, height, width] : shape;
}

/** Additional properties of tfjs-node's native backend. */
interface NativeBackend {
  readonly isUsingGpuDevice?: boolean;
  readonly binding?: { readonly TF_Version?: string };
}

function deviceOf(tf: TensorFlow): DeviceName {
  return (tf.backend() as NativeBackend).isUsingGpuDevice === true ? 'cuda' : 'cpu';
}

function versionOf(tf: TensorFlow): string {
  const native = (tf.backend() as NativeBackend).binding?.TF_Version;
  return `${tf.version.tfjs} on ${native === undefined ? tf.getBackend() : `TensorFlow ${native}`}`;
}

function wrongDevice(tf: TensorFlow, found: DeviceName, expected: DeviceName): UserError {
  return new UserError({
    what: `The tensorflow engine does not run on ${expected} here`,
    where: `TensorFlow.js ${versionOf(tf)}`,
    found: `it runs on ${found}`,
    expected,
    fix:
      expected === 'cuda'
        ? '--device cpu; for a GPU, the CUDA and cuDNN versions in docs/engines.md must be installed'
        : `--device ${found}, or --engine onnx`,
  });
}

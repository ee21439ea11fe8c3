import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs';
import type { DeviceName, Preprocessing } from '../../../features/manifest/manifest.ts';
import { valueAt } from '../../../system/at.ts';
import { UserError } from '../../../system/errors.ts';
import type { StateDict } from '../../weights/state-dict.ts';
import type { Backbone, PixelBatch, Tap, TapMap } from '../backbone.ts';
import type { Network } from '../network.ts';
import { normalizationTable, normalizePixels } from '../normalize.kernel.ts';
import { resolveTap } from '../taps.ts';
import type { TensorFlow } from './load-tensorflow.ts';
import { buildTensorFlowResNet } from './tensorflow-resnet.ts';

interface TensorFlowBackboneOptions {
  /** A stage's name or a tensor's own, or several. */
  readonly tap: string | readonly string[];
  readonly preprocessing: Preprocessing;
  /** Default: whatever the backend runs on. */
  readonly device?: DeviceName | undefined;
}

/**
 * Opens a ResNet on TensorFlow.js, with inputs and outputs of layers as its outputs.
 *
 * @param tf the TensorFlow.js module, its backend chosen: @tensorflow/tfjs-node-gpu, or @tensorflow/tfjs on WASM or CPU
 * @param network the same weights as a graph: names of stages and tensors come from it
 * @throws UserError when a tap is unknown, or the backend does not run on the device that was asked for
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
  // The notebook hooks the input of the average pool: here the layer's own input.
  const tapped = named.map(({ name, tensor }) => {
    const layer = whole.getLayer(name === 'avgpool' ? 'avgpool' : tensor);
    return (name === 'avgpool' ? layer.input : layer.output) as SymbolicTensor;
  });
  const model = tf.model({ inputs: whole.inputs, outputs: tapped });
  const taps = named.map((tap, at) => {
    const { shape } = valueAt(tapped, at);
    return { ...tap, shape: channelsFirst(shape.slice(1) as number[]) };
  });
  return new TensorFlowBackbone(tf, [model, whole], taps, weights.architecture, { ...options, device });
}

class TensorFlowBackbone implements Backbone {
  readonly engine = 'tensorflow';
  readonly engineVersion: string;
  readonly device: DeviceName;
  readonly architecture: string;
  readonly tap: Tap;
  readonly taps: readonly Tap[];
  readonly preprocessing: Preprocessing;
  readonly #tf: TensorFlow;
  /** The network up to its taps, and the whole one whose layers it shares. */
  readonly #models: readonly [LayersModel, LayersModel];
  readonly #table: Float32Array;
  /** The run under way: TensorFlow.js keeps one list of living tensors, so runs wait for each other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    tf: TensorFlow,
    models: readonly [LayersModel, LayersModel],
    taps: readonly Tap[],
    architecture: string,
    options: { readonly device: DeviceName; readonly preprocessing: Preprocessing },
  ) {
    this.#tf = tf;
    this.#models = models;
    this.#table = normalizationTable(options.preprocessing.mean, options.preprocessing.std);
    this.engineVersion = versionOf(tf);
    this.device = options.device;
    this.architecture = architecture;
    this.tap = valueAt(taps, 0);
    this.taps = taps;
    this.preprocessing = options.preprocessing;
  }

  async run(batch: PixelBatch): Promise<TapMap> {
    return valueAt(await this.runAll(batch), 0);
  }

  runAll(batch: PixelBatch): Promise<readonly TapMap[]> {
    const result = this.#last.then(() => this.#run(batch));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    await this.#last;
    // The tapped model owns nothing: all its layers are the whole one's.
    this.#models[1].dispose();
  }

  async #run({ rowCount, crop, bytesNHWC }: PixelBatch): Promise<readonly TapMap[]> {
    const tf = this.#tf;
    const expected = rowCount * crop * crop * 3;
    if (crop !== this.preprocessing.crop || bytesNHWC.length !== expected)
      throw new RangeError(
        `a batch of ${rowCount} crops of ${crop} in ${bytesNHWC.length} bytes; expected crops of ${this.preprocessing.crop} in ${expected}`,
      );
    const pixels = new Float32Array(expected);
    normalizePixels(bytesNHWC, rowCount * crop * crop, this.#table, pixels);
    const outputs = tf.tidy(() => {
      const input = tf.tensor4d(pixels, [rowCount, crop, crop, 3]);
      const maps = [this.#models[0].predictOnBatch(input)].flat();
      return maps.map((map) => (map.rank === 4 ? tf.transpose(map, [0, 3, 1, 2]) : map));
    });
    try {
      const maps: TapMap[] = [];
      for (const [tap, output] of outputs.entries()) {
        const { shape: rowShape } = valueAt(this.taps, tap);
        maps.push({ rowCount, rowShape, data: (await output.data()) as Float32Array });
      }
      return maps;
    } finally {
      tf.dispose(outputs);
    }
  }
}

/** [height, width, channels] to [channels, height, width]; a vector stays as it is. */
function channelsFirst(shape: readonly number[]): readonly number[] {
  const [height = 0, width = 0, channels = 0] = shape;
  return shape.length === 3 ? [channels, height, width] : shape;
}

/** What the native backend of tfjs-node tells beside TensorFlow.js' own API; absent on other backends. */
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

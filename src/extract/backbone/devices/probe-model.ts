import { encodeModel } from '../../../formats/onnx/encode.ts';
import { GraphBuilder } from '../../../formats/onnx/graph-builder.ts';

/** Input of the probe: [batch, channels, side, side]. */
export const probeShape = [2, 32, 56, 56] as const;

/**
 * A small network to try a device: two convolutions as in a ResNet's first layer, a sum, a relu and an average pool;
 * output [2, 32]. About 120 million multiplications.
 */
export function probeModel(): Uint8Array {
  const [batch, channels, side] = probeShape;
  const builder = new GraphBuilder('probe');
  const image = builder.input('x', 'float32', [batch, channels, side, side]);
  const convolve = (input: string, name: string, phase: number): string => {
    const shape = [channels, channels, 3, 3];
    // Arbitrary numbers of both signs.
    const data = Float32Array.from({ length: channels * channels * 9 }, (_, i) => Math.sin(i * 0.37 + phase) / 12);
    const kernels = builder.initializer(name, { type: 'float32', shape, data });
    return builder.node('Conv', [input, kernels], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
  };
  const first = builder.node('Relu', [convolve(image, 'first', 0)]);
  const sum = builder.node('Relu', [builder.node('Add', [convolve(first, 'second', 1), image])]);
  const pooled = builder.node('GlobalAveragePool', [sum]);
  builder.output(builder.node('Flatten', [pooled], { axis: 1 }, { outputs: ['y'] }), 'float32', [batch, channels]);
  return encodeModel(builder.model());
}

export function probeInput(): Float32Array {
  const length = probeShape.reduce((product, extent) => product * extent, 1);
  // `Float32Array.from` would take more than twice as long.
  return new Float32Array(length).map((_, i) => Math.sin(i * 0.011) * 2);
}

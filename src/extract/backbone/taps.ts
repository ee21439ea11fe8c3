import * as ort from 'onnxruntime-node';
import { encodeModel } from '../../formats/onnx/encode.ts';
import { messageOf, UserError } from '../../system/errors.ts';
import type { Tap } from './backbone.ts';
import type { Network } from './network.ts';
import { openSession } from './ort-session.ts';
import { pruneTo } from './prune.ts';
import { defaultCrop, noSuchTap } from './resnet-taps.ts';

/**
 * The graph tensor of a tap's name: that of a stage (`avgpool` is the input of the average pool), else the tensor of
 * that name.
 *
 * @throws UserError that lists the stages and the nearest tensor names
 */
export function resolveTap(network: Network, name: string): string {
  const stage = network.stages.find((candidate) => candidate.name === name);
  if (stage !== undefined) return stage.tensor;
  const tensors = network.model.graph.node.flatMap((node) => node.output).filter((output) => output !== '');
  if (tensors.includes(name)) return name;
  throw noSuchTap(
    name,
    network.stages.map((candidate) => candidate.name),
    tensors,
    network.source,
  );
}

/**
 * Lists every tensor that can be tapped, by running the network on a blank image: the stages first, then all float32
 * tensors by name, in the graph's order.
 *
 * @param crop side of the blank image in pixels; default: the graph's own, else torchvision's
 */
export async function listTaps(
  network: Network,
  crop: number = network.input.crop ?? defaultCrop,
): Promise<readonly Tap[]> {
  checkCrop(network, crop);
  const tensors = [...new Set(network.model.graph.node.flatMap((node) => node.output))].filter((name) => name !== '');
  const { session, outputs } = await openWithOutputs(network, tensors);
  try {
    const results = await session.run({ [network.input.name]: blankInput(network, crop, 1) }, outputs);
    const shapes = new Map<string, readonly number[]>();
    for (const [tensor, value] of Object.entries(results)) {
      if (value.dims.length >= 2) shapes.set(tensor, value.dims.slice(1));
    }
    const stages = network.stages.flatMap(({ name, tensor }) => {
      const shape = shapes.get(tensor);
      return shape === undefined ? [] : [{ name, tensor, shape }];
    });
    const own = [...shapes].map(([tensor, shape]) => ({ name: tensor, tensor, shape }));
    return [...stages, ...own];
  } catch (error) {
    throw cannotRun(network, error);
  } finally {
    await session.release();
  }
}

interface ProbeSession {
  readonly session: ort.InferenceSession;
  readonly outputs: readonly string[];
}

async function openWithOutputs(network: Network, tensors: readonly string[]): Promise<ProbeSession> {
  try {
    const session = await openSession(encodeModel(pruneTo(network.model, tensors)), { device: 'cpu' });
    const floats = session.outputMetadata.filter((output) => output.isTensor && output.type === 'float32');
    return { session, outputs: floats.map((output) => output.name) };
  } catch (error) {
    throw cannotRun(network, error);
  }
}

/** @throws UserError if the graph fixes another input size */
export function checkCrop(network: Network, crop: number): void {
  const side = network.input.crop;
  if (side === undefined || side === crop) return;
  throw new UserError({
    what: 'the crop does not fit the network',
    where: network.source,
    found: `crops of ${crop} x ${crop} pixels`,
    expected: `${side} x ${side}, as the graph's input says`,
    fix: `--crop ${side}`,
  });
}

/** Zeros in the network's own input shape. */
function blankInput(network: Network, crop: number, rowCount: number): ort.Tensor {
  const { layout, batch } = network.input;
  const side = network.input.crop ?? crop;
  const rows = batch ?? rowCount;
  const shape = layout === 'NCHW' ? [rows, 3, side, side] : [rows, side, side, 3];
  return new ort.Tensor('float32', new Float32Array(rows * 3 * side * side), shape);
}

export function cannotRun(network: Network, cause: unknown): UserError {
  const message = messageOf(cause);
  return new UserError({
    what: 'ONNX Runtime cannot run the network',
    where: network.source,
    found: message.trim(),
    expected: 'a network of operators that ONNX Runtime knows, on one float32 image input',
    cause,
  });
}

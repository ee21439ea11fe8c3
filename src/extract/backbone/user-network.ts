import { decodeModel, type ReadExternal } from '../../formats/onnx/decode.ts';
import { fedInputs, imageLayout, inputShape } from '../../formats/onnx/image-input.ts';
import { dataTypes, type OnnxModel, type OnnxNode } from '../../formats/onnx/schema.ts';
import { dataTypeName, decodeTensor } from '../../formats/onnx/tensor.ts';
import { UserError } from '../../system/errors.ts';
import type { Network, NetworkInput, Stage } from './network.ts';

/**
 * Reads a user's own `.onnx` file as a network: one float32 image input, NCHW or NHWC, normalized as torchvision does.
 *
 * @throws UserError if the bytes are not an ONNX model, or its input is not one batch of square RGB images
 */
export function readUserNetwork(bytes: Uint8Array, source: string, readExternal?: ReadExternal): Network {
  const model = decodeModel(bytes, source, readExternal);
  return { architecture: 'onnx', model, input: readInput(model, source), stages: findStages(model), source };
}

function readInput(model: OnnxModel, source: string): NetworkInput {
  const inputs = fedInputs(model.graph);
  const [input] = inputs;
  if (input === undefined || inputs.length !== 1) {
    const names = inputs.map(({ name }) => name).join(', ');
    throw unfitInput(source, `${inputs.length} inputs${names === '' ? '' : `: ${names}`}`, 'one input');
  }
  const tensorType = input.type?.tensorType;
  const where = `input ${input.name} of ${source}`;
  if (tensorType?.elemType !== dataTypes.float32) {
    const type =
      tensorType?.elemType === undefined ? 'no tensor' : (dataTypeName(tensorType.elemType) ?? 'another type');
    throw unfitInput(where, type, 'float32, normalized pixels', 'export the network with a float32 input');
  }
  const shape = inputShape(input);
  const layout = imageLayout(input);
  const shown = `[${shape.map((extent) => extent ?? '?').join(', ')}]`;
  if (shape.length !== 4 || layout === undefined) {
    throw unfitInput(
      where,
      shown,
      '[batch, channels, height, width] or [batch, height, width, channels], the sides equal, 3 channels mostly',
    );
  }
  const [height, width] = layout === 'NCHW' ? [shape[2], shape[3]] : [shape[1], shape[2]];
  if (height !== undefined && width !== undefined && height !== width) {
    throw unfitInput(where, shown, 'a square image: the crop is square');
  }
  return { name: input.name, form: 'normalized', layout, batch: shape[0], crop: height ?? width };
}

function unfitInput(where: string, found: string, expected: string, fix?: string): UserError {
  return new UserError({ what: "the network's input is not a batch of images", where, found, expected, fix });
}

/** `avgpool`: the input of the last global average pool, if the graph has one. */
function findStages(model: OnnxModel): readonly Stage[] {
  const pool = model.graph.node.findLast((node) => isWholePool(node, model));
  const tensor = pool?.input[0];
  return tensor === undefined ? [] : [{ name: 'avgpool', tensor }];
}

function isWholePool(node: OnnxNode, model: OnnxModel): boolean {
  if (node.opType === 'GlobalAveragePool') return true;
  if (node.opType !== 'ReduceMean') return false;
  const axes = reducedAxes(node, model);
  // Height and width of NCHW, counted from either end.
  return axes.length === 2 && axes.every((axis) => [2, 3, -1, -2].includes(axis));
}

/** ReduceMean's axes: an attribute up to opset 17, an input since. */
function reducedAxes(node: OnnxNode, model: OnnxModel): readonly number[] {
  const attribute = node.attribute.find(({ name }) => name === 'axes');
  if (attribute !== undefined) return attribute.ints.map(Number);
  const tensor = model.graph.initializer.find(({ name }) => name !== undefined && name === node.input[1]);
  if (tensor === undefined) return [];
  const { data } = decodeTensor(tensor);
  return Array.from(data as ArrayLike<number | bigint | string>, Number);
}

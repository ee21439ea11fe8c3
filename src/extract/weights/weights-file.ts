import { extname } from 'node:path';
import { elementCount, toFloat32 } from '../../formats/element-types.ts';
import { PickleDict, type PickleValue } from '../../formats/pth/pickle-value.ts';
import { readPth } from '../../formats/pth/pth.ts';
import { StridedTensor } from '../../formats/pth/strided-tensor.ts';
import { decodeSafetensors } from '../../formats/safetensors.ts';
import type { WholeFile } from '../../formats/whole-file.ts';
import { UserError, usageError } from '../../system/errors.ts';
import type { UnreadTensor } from './check-state-dict.ts';
import { knownWeights } from './known-weights.ts';

export type WeightsFormat = 'safetensors' | 'pth' | 'onnx';

const formats: Readonly<Record<string, WeightsFormat>> = {
  '.safetensors': 'safetensors',
  '.pth': 'pth',
  '.pt': 'pth',
  '.ckpt': 'pth',
  '.tar': 'pth',
  '.onnx': 'onnx',
};

/** The format that a weights file's name says. */
export function weightsFormat(path: string): WeightsFormat {
  const extension = extname(path).toLowerCase();
  const format = Object.hasOwn(formats, extension) ? formats[extension] : undefined;
  if (format === undefined)
    throw usageError(
      '--weights',
      path,
      `a name (${Object.keys(knownWeights).join(', ')}, random) or a .safetensors, .pth or .onnx file`,
    );
  return format;
}

/** Tensors of a .safetensors or .pth file by name; nothing is converted yet. */
export async function readTensors(
  file: WholeFile,
  format: 'safetensors' | 'pth',
): Promise<ReadonlyMap<string, UnreadTensor>> {
  if (format === 'safetensors') {
    const { tensors } = decodeSafetensors(file.bytes, file.path);
    return new Map(
      [...tensors].map(([name, { type, shape, bytes }]) => [name, { shape, read: () => toFloat32(type, bytes) }]),
    );
  }
  return tensorsOf(await readPth(file.bytes, file.path), file.path);
}

/** Where training scripts keep the state dict in a checkpoint. */
const stateDictKeys = ['state_dict', 'model_state_dict', 'model'];

function tensorsOf(root: PickleValue, where: string): ReadonlyMap<string, UnreadTensor> {
  const inner = root instanceof PickleDict ? stateDictKeys.map((key) => root.get(key)) : [];
  const dict = inner.find((value) => value instanceof PickleDict) ?? root;
  const tensors = new Map<string, UnreadTensor>();
  if (dict instanceof PickleDict)
    for (const [name, value] of dict)
      if (typeof name === 'string' && value instanceof StridedTensor)
        tensors.set(name, { shape: value.shape, read: () => spread(value, name, where) });
  if (tensors.size === 0)
    throw new UserError({
      what: 'This file holds no state dict',
      where,
      found: root instanceof PickleDict ? `a dict of ${describeKeys(root)}` : 'something else than a dict',
      expected: `a dict of tensors, or one under ${stateDictKeys.join(', ')}`,
      fix: 'save it with Python: torch.save(model.state_dict(), "weights.pth")',
    });
  return tensors;
}

function describeKeys(dict: PickleDict): string {
  return dict.size === 0 ? 'nothing' : [...dict.keys()].slice(0, 5).map(String).join(', ');
}

/** A stride of 0 makes one stored number stand for many: no trained weight does, and it could ask for any amount of memory. */
function spread(tensor: StridedTensor, name: string, where: string): Float32Array {
  const stored = tensor.storage.elementCountAs(tensor.type);
  if ((elementCount(tensor.shape) ?? Number.POSITIVE_INFINITY) > stored)
    throw new UserError({
      what: `The tensor ${name} is larger than what is stored of it`,
      where,
      found: `shape [${tensor.shape.join(', ')}] over ${stored} stored numbers`,
      expected: 'a number stored for each element',
    });
  return tensor.toFloat32();
}

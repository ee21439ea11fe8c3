import { lookUp } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { savedArray } from '../checks.ts';
import type { Json, SavedHead } from '../model.ts';
import { fromGraphKernels, type GraphTensors, normParts, toGraphKernels } from './network/layout.ts';
import { featureCountOf, type TailConv, type TailShape, tailConvolutions } from './network/tail.ts';

export interface TunedNetwork {
  readonly tail: TailShape;
  /** Tensors of the blocks, kernels in the graphs' layout, and `fc.weight` [classes, features], `fc.bias`. */
  readonly tensors: GraphTensors;
}

/** By torchvision's names and in its shapes. */
export function savedTensors(tail: TailShape, tensors: GraphTensors, classes: number): SavedHead['arrays'] {
  const arrays: Record<string, SavedHead['arrays'][string]> = {};
  for (const conv of tailConvolutions(tail.blocks)) {
    const name = `${conv.conv}.weight`;
    const shape = [conv.outChannels, conv.inChannels, conv.kernel, conv.kernel];
    arrays[name] = { shape, data: fromGraphKernels(lookUp(tensors, name), conv) };
    for (const part of normParts) {
      const own = `${conv.norm}.${part}`;
      arrays[own] = { shape: [conv.outChannels], data: lookUp(tensors, own) };
    }
  }
  arrays['fc.weight'] = { shape: [classes, featureCountOf(tail)], data: lookUp(tensors, 'fc.weight') };
  arrays['fc.bias'] = { shape: [classes], data: lookUp(tensors, 'fc.bias') };
  return arrays;
}

/** The network of a saved head. @throws UserError if it is damaged */
export function savedNetwork(saved: SavedHead): TunedNetwork {
  const tail = readNetwork(saved);
  const tensors = new Map<string, Float32Array>();
  for (const conv of tailConvolutions(tail.blocks)) {
    const name = `${conv.conv}.weight`;
    const shape = [conv.outChannels, conv.inChannels, conv.kernel, conv.kernel];
    const data = savedArray(saved, name, Float32Array, shape);
    tensors.set(name, toGraphKernels(data, conv));
    for (const part of normParts) {
      tensors.set(`${conv.norm}.${part}`, savedArray(saved, `${conv.norm}.${part}`, Float32Array, [conv.outChannels]));
    }
  }
  const features = featureCountOf(tail);
  tensors.set('fc.weight', savedArray(saved, 'fc.weight', Float32Array, [saved.classes.length, features]));
  tensors.set('fc.bias', savedArray(saved, 'fc.bias', Float32Array, [saved.classes.length]));
  return { tail, tensors };
}

/** Fields of a convolution, saved as a list in this order. */
const convFields = ['inChannels', 'outChannels', 'kernel', 'stride', 'padding'] as const;

export function networkJson({ mapShape, blocks, normEpsilon }: TailShape): Json {
  const convJson = (conv: TailConv): Json => [conv.conv, conv.norm, ...convFields.map((field) => conv[field])];
  return {
    mapShape,
    normEpsilon,
    blocks: blocks.map(({ name, main, shortcut }) => ({
      name,
      main: main.map(convJson),
      ...(shortcut === undefined ? {} : { shortcut: convJson(shortcut) }),
    })),
  };
}

/** @throws UserError if the saved head's description of its network is invalid */
function readNetwork(saved: SavedHead): TailShape {
  const refuse = (field: string, found: Json | undefined): never => {
    throw new UserError({
      what: 'the saved head is damaged',
      where: `details.network.${field} of the saved finetune head`,
      found: JSON.stringify(found) ?? 'nothing',
      expected: 'the network as classify wrote it',
    });
  };
  const fields = asObject(saved.details['network']) ?? refuse('', saved.details['network']);
  const { mapShape, normEpsilon, blocks } = fields;
  const sizes = Array.isArray(mapShape) && mapShape.every(isSize) ? mapShape : refuse('mapShape', mapShape);
  const [channels, height, width]: readonly number[] = sizes;
  if (channels === undefined || height === undefined || width === undefined) return refuse('mapShape', mapShape);
  if (channels * height * width !== saved.dims) return refuse('mapShape', mapShape);
  if (typeof normEpsilon !== 'number') return refuse('normEpsilon', normEpsilon);
  if (!Array.isArray(blocks)) return refuse('blocks', blocks);
  const readConv = (given: Json | undefined) => {
    if (!Array.isArray(given)) return refuse('blocks', given);
    const [conv, norm, ...sizesOf]: readonly Json[] = given;
    const [inChannels = 0, outChannels = 0, kernel = 0, stride = 0, padding = -1] = sizesOf.map(Number);
    if (typeof conv !== 'string' || typeof norm !== 'string') return refuse('blocks', given);
    if (![inChannels, outChannels, kernel, stride, padding + 1].every(isSize)) return refuse('blocks', given);
    return { conv, norm, inChannels, outChannels, kernel, stride, padding };
  };
  return {
    mapShape: [channels, height, width],
    normEpsilon,
    blocks: blocks.map((block: Json) => {
      const { name, main, shortcut } = asObject(block) ?? refuse('blocks', block);
      if (typeof name !== 'string' || !Array.isArray(main) || main.length === 0) return refuse('blocks', block);
      const path = { name, main: main.map(readConv) };
      return shortcut === undefined ? path : { ...path, shortcut: readConv(shortcut) };
    }),
  };
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function asObject(value: Json | undefined): Readonly<Record<string, Json>> | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Readonly<Record<string, Json>>) : undefined;
}

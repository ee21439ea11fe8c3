import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSafetensors, typedTensor } from '../../../src/formats/safetensors.ts';
import { toGraphKernels } from '../../../src/models/finetune/network/layout.ts';
import {
  type NetworkTail,
  type TailBlock,
  type TailConv,
  tailConvolutions,
} from '../../../src/models/finetune/network/tail.ts';
import { projectRoot } from '../../reference.ts';

/** Written by scripts/fixtures/models/finetune.py with PyTorch's autograd. */
export interface Golden {
  readonly tail: NetworkTail;
  array(name: string): Float32Array;
  labels: Int32Array;
  /** A tensor in the form of the graphs' inputs. */
  graphTensor(name: string): Float32Array;
  /** Tensors of a state: `start`, `frozen sgd end`. */
  state(prefix: string): Map<string, Float32Array>;
  names(prefix: string): readonly string[];
}

export const folder: string = join(projectRoot, 'test', 'fixtures', 'finetune');
export const classCount = 5;

function conv(
  name: string,
  norm: string,
  inChannels: number,
  outChannels: number,
  kernel: number,
  stride = 1,
): TailConv {
  return { conv: name, norm, inChannels, outChannels, kernel, stride, padding: (kernel - 1) / 2 };
}

function block(kind: 'bottleneck' | 'basic', index: number, inside: number, planes: number, stride: number): TailBlock {
  const at = `layer4.${index}`;
  const out = kind === 'bottleneck' ? 4 * planes : planes;
  const main =
    kind === 'bottleneck'
      ? [
          conv(`${at}.conv1`, `${at}.bn1`, inside, planes, 1),
          conv(`${at}.conv2`, `${at}.bn2`, planes, planes, 3, stride),
          conv(`${at}.conv3`, `${at}.bn3`, planes, out, 1),
        ]
      : [conv(`${at}.conv1`, `${at}.bn1`, inside, out, 3, stride), conv(`${at}.conv2`, `${at}.bn2`, out, out, 3)];
  const shortcut = conv(`${at}.downsample.0`, `${at}.downsample.1`, inside, out, 1, stride);
  return { name: at, main, ...(stride === 1 ? {} : { shortcut }) };
}

export function golden(kind: 'bottleneck' | 'basic'): Golden {
  const path = join(folder, `${kind}.safetensors`);
  const { tensors } = decodeSafetensors(readFileSync(path), path);
  const typed = (name: string) => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new Error(`no ${name} in ${path}`);
    return typedTensor(tensor, name, path);
  };
  const array = (name: string): Float32Array => {
    const { data } = typed(name);
    if (data instanceof Float32Array) return data;
    throw new Error(`${name} is no float32`);
  };
  const [narrow, wide] = kind === 'bottleneck' ? [2, 4] : [8, 16];
  const blocks = [block(kind, 0, 8, narrow, 1), block(kind, 1, 8, wide, 2), block(kind, 2, 16, wide, 1)];
  const names = (prefix: string): string[] =>
    [...tensors.keys()].filter((name) => name.startsWith(`${prefix}:`)).map((name) => name.slice(prefix.length + 1));
  const kernels = new Map(tailConvolutions(blocks).map((each) => [`${each.conv}.weight`, each]));
  const graphTensor = (name: string): Float32Array => {
    const of = kernels.get(name.slice(name.indexOf(':') + 1));
    return of === undefined ? array(name).slice() : toGraphKernels(array(name), of);
  };
  return {
    tail: {
      tap: 'layer3',
      mapShape: [8, 7, 6],
      blocks,
      normEpsilon: 1e-5,
      tensors: new Map(
        names('start').map((name) => [name, { shape: typed(`start:${name}`).shape, data: array(`start:${name}`) }]),
      ),
      weightsSha256: '0'.repeat(64),
    },
    array,
    labels: typed('labels').data as Int32Array,
    graphTensor,
    names,
    state: (prefix) => new Map(names(prefix).map((name) => [name, graphTensor(`${prefix}:${name}`)])),
  };
}

/** Largest difference over the largest value. */
export function relativeError(found: Float32Array, expected: Float32Array): number {
  let [difference, largest] = [0, 0];
  expected.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(value - (found[i] ?? Number.NaN)));
    largest = Math.max(largest, Math.abs(value));
  });
  return found.length === expected.length ? difference / (largest || 1) : Number.NaN;
}

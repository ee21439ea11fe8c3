import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PixelBatch, TapMap } from '../../../src/extract/backbone/backbone.ts';
import type { BackboneWeights } from '../../../src/extract/backbone/open-backbone.ts';
import type { Architecture } from '../../../src/extract/weights/resnet.ts';
import type { StateDict } from '../../../src/extract/weights/state-dict.ts';
import type { Preprocessing } from '../../../src/features/manifest/manifest.ts';
import { toFloat32 } from '../../../src/formats/element-types.ts';
import { decodeSafetensors, type StoredTensor } from '../../../src/formats/safetensors.ts';
import { projectRoot } from '../../reference.ts';

export interface Golden {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export function fixture(file: string): string {
  return join(projectRoot, 'test/fixtures/backbone', file);
}

function readTensors(path: string): ReadonlyMap<string, StoredTensor> {
  return decodeSafetensors(readFileSync(path), path).tensors;
}

export function readGolden(file: string): ReadonlyMap<string, Golden> {
  const tensors = [...readTensors(fixture(file))].filter(([, { type }]) => type === 'F32');
  return new Map(tensors.map(([name, { type, shape, bytes }]) => [name, { shape, data: toFloat32(type, bytes) }]));
}

export function golden(values: ReadonlyMap<string, Golden>, name: string): Golden {
  const value = values.get(name);
  if (value === undefined) throw new Error(`the fixture holds no ${name}`);
  return value;
}

/** Reads a little-endian float32 .npy file of version 1 in C order, independently of the project's reader. */
export function readNpyRows(path: string, rowShape: readonly number[]): Golden {
  const bytes = readFileSync(path);
  const headerLength = 10 + bytes.readUInt16LE(8);
  const data = new Float32Array(new Uint8Array(bytes.subarray(headerLength)).buffer);
  const rowLength = rowShape.reduce((product, extent) => product * extent, 1);
  return { shape: [data.length / rowLength, ...rowShape], data };
}

export function firstRows(golden: Golden, count: number): Golden {
  const rowLength = golden.data.length / (golden.shape[0] as number);
  return { shape: [count, ...golden.shape.slice(1)], data: golden.data.subarray(0, count * rowLength) };
}

/** Reads a state dict without the loader's checks. */
export function readStateDict(path: string, architecture: Architecture): StateDict {
  const tensors = [...readTensors(path)].map(
    ([name, { type, shape, bytes }]) => [name, { shape, data: toFloat32(type, bytes) }] as const,
  );
  return { architecture, tensors: new Map(tensors), source: path, sha256: '0'.repeat(64) };
}

export function userFile(file: string): BackboneWeights {
  return { kind: 'onnx', file, bytes: readFileSync(fixture(file)) };
}

/** The three 64 x 64 images of PyTorch's results. */
export function fixtureBatch(): PixelBatch {
  const stored = readTensors(fixture('resnet-tiny-stages.safetensors')).get('bytes');
  if (stored === undefined) throw new Error('the fixture holds no images');
  // A copy: slice() of a Buffer is a view.
  return { rowCount: 3, crop: 64, bytesNHWC: new Uint8Array(stored.bytes) };
}

export function preprocessing(crop: number, resize: number = crop): Preprocessing {
  return {
    resize,
    crop,
    interpolation: 'bilinear',
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    autoOrient: false,
  };
}

/** Largest ‖a − b‖ / ‖b‖ over the rows of `expected`. */
export function worstRow(actual: Pick<TapMap, 'data'>, expected: Golden): number {
  const rowCount = expected.shape[0] as number;
  const length = expected.data.length / rowCount;
  let worst = 0;
  for (let row = 0; row < rowCount; row++) {
    let difference = 0;
    let norm = 0;
    for (let at = row * length; at < (row + 1) * length; at++) {
      const wanted = expected.data[at] as number;
      difference += ((actual.data[at] as number) - wanted) ** 2;
      norm += wanted ** 2;
    }
    worst = Math.max(worst, Math.sqrt(difference / norm));
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
  }
  return worst;
}

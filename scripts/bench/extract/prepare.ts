import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir, symlink } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quantizable } from '../../../src/extract/backbone/open-backbone.ts';
import { pruneTo } from '../../../src/extract/backbone/prune.ts';
import { buildResNet } from '../../../src/extract/backbone/resnet-graph.ts';
import { resolveTap } from '../../../src/extract/backbone/taps.ts';
import { listImages } from '../../../src/extract/images/list/list.ts';
import { PixelReader } from '../../../src/extract/images/pipeline/pixel-reader.ts';
import { loadWeights } from '../../../src/extract/weights/load-weights.ts';
import { encodeModel } from '../../../src/formats/onnx/encode.ts';
import { encodeSafetensors } from '../../../src/formats/safetensors.ts';
import { drawPhotos } from '../../demo/draw.ts';
import type { Task } from './contestant.ts';

interface Input {
  readonly data?: string | undefined;
  readonly weights?: string | undefined;
  /** Side of the network's input, in pixels; the shorter side before it is cut out is 8/7 of it. Default 224. */
  readonly crop?: number;
}

/** What all contestants read, and whose weights they are. */
export interface Prepared extends Pick<Task, 'crop' | 'resize' | 'pixels' | 'weights' | 'onnx' | 'data' | 'images'> {
  readonly architecture: string;
}

/** Writes what all contestants read: the same weights, the same pixels, the same files. */
export async function prepare(scratch: string, input: Input, images: number, endToEnd: number): Promise<Prepared> {
  const { crop = 224 } = input;
  const resize = Math.round((crop * 8) / 7);
  const reference = (file: string): string | undefined => {
    const path = fileURLToPath(new URL(`../../../../shared/${file}`, import.meta.url));
    return existsSync(path) ? path : undefined;
  };
  const loaded = await loadWeights(input.weights ?? reference('weights/resnet50-pqf.safetensors') ?? 'random');
  const stateDict = quantizable(loaded);
  const weights = join(scratch, 'weights.safetensors');
  writeFileSync(weights, encodeSafetensors(Object.fromEntries(stateDict.tensors)));
  const network = buildResNet(stateDict, crop);
  const onnx = join(scratch, 'network.onnx');
  writeFileSync(onnx, encodeModel(pruneTo(network.model, [resolveTap(network, 'avgpool')])));
  const drawn = join(scratch, 'drawn');
  const source = input.data ?? reference('dogs') ?? drawn;
  if (source === drawn) await drawPhotos({ folder: drawn, classCount: 10, perClass: 20, seed: 0 });
  const files = (await listImages(source)).images;
  const reader = new PixelReader({ resize, crop, interpolation: 'bilinear' as const, autoOrient: false }, () => false);
  const pixels = join(scratch, 'pixels.u8');
  const decoded: Uint8Array[] = [];
  for (let at = 0; at < images; at++) {
    const { pixels: bytes } = await reader.read((files[at % files.length] as { path: string }).path);
    if (bytes !== undefined) decoded.push(bytes);
  }
  writeFileSync(pixels, Buffer.concat(decoded));
  // A folder of links, as often as needed; a byte at the end makes each copy a file of its own.
  const data = join(scratch, 'photos');
  await mkdir(data);
  const paths: string[] = [];
  for (let at = 0; at < endToEnd; at++) {
    const { path } = files[at % files.length] as { path: string };
    const copy = join(data, `${String(at).padStart(6, '0')}-${basename(path)}`);
    if (at < files.length) await linkOrCopy(resolve(path), copy);
    else writeFileSync(copy, Buffer.concat([readFileSync(path), Buffer.from(String(at))]));
    paths.push(copy);
  }
  return { architecture: stateDict.architecture, crop, resize, pixels, weights, onnx, data, images: paths };
}

/** Windows lets few users make links. */
async function linkOrCopy(path: string, copy: string): Promise<void> {
  await symlink(path, copy).catch(() => copyFile(path, copy));
}

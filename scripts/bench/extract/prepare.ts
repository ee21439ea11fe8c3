import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir, symlink } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pruneTo } from '../../../src/extract/backbone/prune.ts';
import { buildResNet } from '../../../src/extract/backbone/resnet-graph.ts';
import { resolveTap } from '../../../src/extract/backbone/taps.ts';
import { listImages } from '../../../src/extract/images/list/list.ts';
import { PixelReader } from '../../../src/extract/images/pipeline/pixel-reader.ts';
import { loadWeights } from '../../../src/extract/weights/load-weights.ts';
import { encodeModel } from '../../../src/formats/onnx/encode.ts';
import { encodeSafetensors } from '../../../src/formats/safetensors.ts';
import { UserError } from '../../../src/system/errors.ts';
import { drawPhotos } from '../../demo/draw.ts';
import { stateDictOf } from '../gpu/state-dict.ts';
import type { NetworkName, Task } from './contestant.ts';

interface Input {
  /** Default: resnet50. */
  readonly network?: NetworkName;
  readonly data?: string | undefined;
  readonly weights?: string | undefined;
  /** Crop size in pixels; the shorter side before the crop is 8/7 of it. Default 224. */
  readonly crop?: number;
  /** Python that generates and exports the ViT. */
  readonly python?: string | undefined;
}

type Shared = 'network' | 'crop' | 'resize' | 'interpolation' | 'pixels' | 'weights' | 'onnx' | 'data' | 'images';

/** The input of all contestants, and the name of its weights. */
interface Prepared extends Pick<Task, Shared> {
  readonly architecture: string;
}

/** Writes the input of all contestants: the same weights, pixels and files. */
export async function prepare(scratch: string, input: Input, images: number, endToEnd: number): Promise<Prepared> {
  const { crop = 224 } = input;
  const resize = Math.round((crop * 8) / 7);
  const reference = (file: string): string | undefined => {
    const path = fileURLToPath(new URL(`../../../../shared/${file}`, import.meta.url));
    return existsSync(path) ? path : undefined;
  };
  const { network = 'resnet50' } = input;
  const known = network === 'resnet50' ? reference('weights/resnet50-pqf.safetensors') : undefined;
  const { architecture, weights, onnx } =
    network === 'vit-s14'
      ? drawVit(scratch, input.python)
      : await writeResNet(scratch, input.weights ?? known ?? `random:${network}`, crop);
  const interpolation = network === 'vit-s14' ? 'bicubic' : 'bilinear';
  const drawn = join(scratch, 'drawn');
  const source = input.data ?? reference('dogs') ?? drawn;
  if (source === drawn) await drawPhotos({ folder: drawn, classCount: 10, perClass: 20, seed: 0 });
  const files = (await listImages(source)).images;
  const reader = new PixelReader({ resize, crop, interpolation, autoOrient: false }, () => false);
  const pixels = join(scratch, 'pixels.u8');
  const decoded: Uint8Array[] = [];
  for (let at = 0; at < images; at++) {
    const { pixels: bytes } = await reader.read((files[at % files.length] as { path: string }).path);
    if (bytes !== undefined) decoded.push(bytes);
  }
  writeFileSync(pixels, Buffer.concat(decoded));
  // A folder of links, repeated as often as needed; an extra byte at the end makes each copy a different file.
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
  return { architecture, network, crop, resize, interpolation, pixels, weights, onnx, data, images: paths };
}

type Written = Pick<Prepared, 'architecture' | 'weights' | 'onnx'>;

async function writeResNet(scratch: string, named: string, crop: number): Promise<Written> {
  const stateDict = stateDictOf(await loadWeights(named));
  const weights = join(scratch, 'weights.safetensors');
  writeFileSync(weights, encodeSafetensors(Object.fromEntries(stateDict.tensors)));
  const network = buildResNet(stateDict, crop);
  const onnx = join(scratch, 'network.onnx');
  writeFileSync(onnx, encodeModel(pruneTo(network.model, [resolveTap(network, 'avgpool')])));
  return { architecture: stateDict.architecture, weights, onnx };
}

/** A ViT-S/14 with random weights, in the layout of published DINOv2. */
function drawVit(scratch: string, python: string | undefined): Written {
  const weights = join(scratch, 'vit');
  const script = fileURLToPath(new URL('vit.py', import.meta.url));
  const done = python && spawnSync(python, ['-W', 'ignore', script, weights], { encoding: 'utf8' });
  if (done === undefined || done === '' || done.status !== 0) {
    throw new UserError({
      what: 'the ViT cannot be generated',
      found: done ? done.stderr.trim().split('\n').at(-1) : 'no Python with torch, transformers and onnx',
      fix: 'npm run bench -- setup installs one',
    });
  }
  return { architecture: 'dinov2', weights, onnx: join(weights, 'onnx', 'model.onnx') };
}

/** On Windows few users may create links. */
async function linkOrCopy(path: string, copy: string): Promise<void> {
  await symlink(path, copy).catch(() => copyFile(path, copy));
}

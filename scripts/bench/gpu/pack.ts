import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nativeFolder } from '../../../src/extract/backbone/devices/devices.ts';
import { cudaLibrary } from '../../../src/extract/backbone/devices/explain.ts';
import { listImages } from '../../../src/extract/images/list/list.ts';
import { loadWeights } from '../../../src/extract/weights/load-weights.ts';
import { textTable } from '../../../src/report/text-table.ts';
import { UserError, usageError } from '../../../src/system/errors.ts';
import { drawPhotos } from '../../demo/draw.ts';
import { cudaFiles } from '../../setup/cuda-wheel.ts';
import { describeOptions, parseOptions, wholeNumber } from '../shared/options.ts';
import { encodeHalves } from './encode-halves.ts';
import { splitArchive } from './split-archive.ts';
import { stateDictOf } from './state-dict.ts';

const options = {
  pack: ['empty folder for the parts', 'FOLDER', ''],
  cuda: [`folder of ${cudaFiles.join(' and ')}`, 'FOLDER', nativeFolder()],
  weights: ['of a ResNet50, packed as float16 (default: none, so that random ones are used)', 'FILE'],
  data: ['photos (default: 400 generated ones)', 'FOLDER'],
  photos: ['number of photos', 'N', '400'],
  trip: ['MiB per part', 'N', '55'],
} as const;

export const packUsage: string = describeOptions(options);

interface PackOptions {
  readonly folder: string;
  readonly cuda: string;
  readonly weights?: string | undefined;
  readonly data?: string | undefined;
  readonly photos: number;
  readonly tripBytes: number;
}

export function readPackOptions(args: readonly string[]): PackOptions {
  const values = parseOptions(args, options);
  const photos = wholeNumber('--photos', values.photos);
  const trip = Number(values.trip);
  if (!(trip >= 1)) throw usageError('--trip', values.trip, '1 or more MiB');
  const { cuda, weights, data } = values;
  return { folder: resolve(values.pack), cuda, weights, data, photos, tripBytes: Math.floor(trip * 2 ** 20) };
}

/** One file or folder to pack. */
interface Item {
  readonly what: string;
  /** Path in the pack. */
  readonly path: string;
  /** Path on this machine. */
  readonly from: string;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const require = createRequire(import.meta.url);

/**
 * Packs what a bare Linux machine (x64; glibc, libstdc++ and an NVIDIA driver) needs to run the bench, as one archive
 * in parts, each in its own folder. Prints the contents and how to join the parts.
 */
export async function pack(options: PackOptions): Promise<void> {
  const { folder } = options;
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new UserError({ what: 'the folder of the pack is not empty', where: folder, fix: 'name another one' });
  }
  const scratch = await mkdtemp(join(tmpdir(), 'featuretap-pack-'));
  try {
    const items = [
      ...program(scratch),
      ...packages(),
      ...cuda(options.cuda),
      ...vulkan(),
      ...(await inputs(options, scratch)),
    ];
    const stage = join(scratch, 'stage');
    for (const { path, from } of items) {
      mkdirSync(dirname(join(stage, path)), { recursive: true });
      symlinkSync(resolve(from), join(stage, path));
    }
    const sizes = new Map<string, number>();
    for (const { what, from } of items) sizes.set(what, (sizes.get(what) ?? 0) + sizeOf(from));
    const columns = [
      { title: 'carried', align: 'left' },
      { title: 'MB', align: 'right' },
    ] as const;
    for (const line of textTable(
      columns,
      [...sizes].map(([what, bytes]) => [what, megabytes(bytes)]),
    ))
      console.log(line);
    const parts = await splitArchive(stage, folder, options.tripBytes);
    console.log(`\n${parts.length} trips:`);
    for (const part of parts) console.log(`  ${relative(process.cwd(), part)}  ${megabytes(statSync(part).size)} MB`);
    console.log(`\nOn the other machine, in the folder with the trips:
  mkdir -p /tmp/featuretap && cat trip-*/part | tar -xz -C /tmp/featuretap
  /tmp/featuretap/run.sh --out gpu.json`);
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/** Node, this bench as a bundle, the PyTorch program, and the start script. */
function program(scratch: string): readonly Item[] {
  const what = 'the bench as a bundle';
  const bundle = join(scratch, 'bundle');
  const { buildSync } = require('esbuild') as { buildSync(options: object): unknown };
  const own = (file: string): string => join(root, file);
  buildSync({
    entryPoints: [
      own('scripts/bench/gpu/main.ts'),
      own('scripts/bench/gpu/ours.ts'),
      own('src/extract/images/pipeline/pixels.worker.ts'),
    ],
    entryNames: '[name]',
    outdir: bundle,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.15',
    // Packages with native code, except decoders of formats that the photos do not have.
    external: ['onnxruntime-node', 'sharp', '@tensorflow/*', 'libheif-js', '@cornerstonejs/*'],
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  copyFileSync(own('scripts/bench/gpu/theirs.py'), join(bundle, 'theirs.py'));
  const start = join(scratch, 'run.sh');
  writeFileSync(start, runScript, { mode: 0o755 });
  return [
    { what: 'Node', path: 'bin/node', from: process.execPath },
    { what, path: 'bundle', from: bundle },
    { what, path: 'package.json', from: own('package.json') },
    { what, path: 'run.sh', from: start },
  ];
}

const runScript = `#!/bin/sh
# Runs npm run bench -- gpu from this folder; further options follow these.
here=$(cd "$(dirname "$0")" && pwd)
ldconfig -p 2>/dev/null | grep -q libvulkan.so.1 || export LD_LIBRARY_PATH="\${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$here/lib"
[ ! -e "$here/weights.safetensors" ] || set -- --weights "$here/weights.safetensors" "$@"
exec "$here/bin/node" "$here/bundle/main.js" --data "$here/photos" "$@"
`;

/** The parts of node_modules with native code, for Linux on x64. */
function packages(): readonly Item[] {
  const from = (path: string): string => join(root, 'node_modules', path);
  const native = 'onnxruntime-node/bin/napi-v6/linux/x64';
  const runtime = [
    'onnxruntime-node/package.json',
    'onnxruntime-node/dist',
    ...readdirSync(from(native))
      .filter((file) => !file.includes('_providers_'))
      .map((file) => `${native}/${file}`),
    'onnxruntime-common',
  ];
  const images = [
    'sharp',
    'detect-libc',
    'semver',
    '@img/colour',
    '@img/sharp-linux-x64',
    '@img/sharp-libvips-linux-x64',
  ];
  const missing = [...runtime, ...images].find((path) => !existsSync(from(path)));
  if (missing !== undefined) {
    throw new UserError({ what: 'a package for Linux on x64 is not installed', where: from(missing), fix: 'npm ci' });
  }
  return [
    ...runtime.map((path) => ({ what: 'ONNX Runtime', path: `node_modules/${path}`, from: from(path) })),
    ...images.map((path) => ({ what: 'sharp', path: `node_modules/${path}`, from: from(path) })),
  ];
}

function cuda(folder: string): readonly Item[] {
  if (!cudaFiles.every((file) => existsSync(join(folder, file)))) {
    console.error(`without CUDA: ${cudaLibrary} is not in ${folder}, where npm run setup:cuda installs it`);
    return [];
  }
  return cudaFiles.map((file) => ({
    what: "ONNX Runtime's CUDA library",
    path: `node_modules/onnxruntime-node/bin/napi-v6/linux/x64/${file}`,
    from: join(folder, file),
  }));
}

/** WebGPU needs the Vulkan loader, which a machine for CUDA may lack. */
function vulkan(): readonly Item[] {
  const found = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib/chromium']
    .map((folder) => join(folder, 'libvulkan.so.1'))
    .find((file) => existsSync(file));
  return found === undefined ? [] : [{ what: 'the Vulkan loader', path: 'lib/libvulkan.so.1', from: found }];
}

async function inputs({ data, weights, photos }: PackOptions, scratch: string): Promise<readonly Item[]> {
  const drawn = join(scratch, 'drawn');
  if (data === undefined)
    await drawPhotos({ folder: drawn, classCount: 10, perClass: Math.ceil(photos / 10), seed: 0 });
  const { images } = await listImages(data ?? drawn);
  const items: Item[] = images.slice(0, photos).map(({ path }, at) => ({
    what: data === undefined ? 'generated photos' : 'photos',
    path: `photos/${String(at).padStart(5, '0')}${extname(path)}`,
    from: path,
  }));
  if (weights === undefined) return items;
  const halves = join(scratch, 'weights.safetensors');
  writeFileSync(halves, encodeHalves(stateDictOf(await loadWeights(weights))));
  return [...items, { what: 'weights, float16', path: 'weights.safetensors', from: halves }];
}

function sizeOf(path: string): number {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e6 ? 2 : 1);
}

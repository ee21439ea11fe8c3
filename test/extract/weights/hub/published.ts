import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Backbone } from '../../../../src/extract/backbone/backbone.ts';
import { poolRows } from '../../../../src/extract/backbone/pool.ts';
import { decodeImage } from '../../../../src/extract/images/decode/decode.ts';
import { openResampler } from '../../../../src/extract/images/resize/resampler.ts';
import { resizeAndCrop } from '../../../../src/extract/images/resize/transform.ts';
import { type LoadedNetwork, loadNetwork, readingOf } from '../../../../src/extract/network-source.ts';
import { choosePreprocessing } from '../../../../src/extract/preprocessing.ts';
import type { AskedReading } from '../../../../src/extract/weights/hub/reading.ts';
import type { Preprocessing } from '../../../../src/features/manifest/manifest.ts';
import { projectRoot } from '../../../reference.ts';

/** Tiny networks exported by scripts/fixtures/extract/hub.py. */
export const published: string = join(projectRoot, 'test/fixtures/hub');
export const photos: string = join(projectRoot, 'test/fixtures/pixels');

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

/** Results of transformers for the photos, by network, reading and photo. */
export const goldenFeatures: Readonly<Record<string, Record<string, Record<string, readonly number[]>>>> = readJson<{
  features: Record<string, Record<string, Record<string, readonly number[]>>>;
}>(join(published, 'features.json')).features;

export async function pixelsOf(photo: string, preprocessing: Preprocessing): Promise<Uint8Array> {
  const source = await decodeImage(readFileSync(join(photos, photo)), { autoOrient: false });
  return resizeAndCrop(openResampler(), source, preprocessing);
}

/** Rows of the photos with the network's own preprocessing. */
export async function featuresOf(
  network: LoadedNetwork,
  names: readonly string[],
  asked: AskedReading,
): Promise<readonly Float32Array[]> {
  const { tap, pool, prefixTokens } = readingOf(network, asked);
  const preprocessing = choosePreprocessing({}, network.trainedWith);
  const bytes = await Promise.all(names.map((name) => pixelsOf(name, preprocessing)));
  const backbone: Backbone = await network.open(preprocessing, tap);
  try {
    const bytesNHWC = Buffer.concat(bytes);
    const map = await backbone.run({ rowCount: names.length, crop: preprocessing.crop, bytesNHWC });
    const { data } = poolRows(map, pool, prefixTokens);
    const width = data.length / names.length;
    return names.map((_, row) => data.slice(row * width, (row + 1) * width));
  } finally {
    await backbone.close();
  }
}

export function openPublished(name: string, variant?: string): Promise<LoadedNetwork> {
  return loadNetwork(join(published, name), { device: 'cpu', variant });
}

/** Largest difference of two rows, relative to the largest value. */
export function worst(row: Float32Array, expected: readonly number[]): number {
  if (row.length !== expected.length) return Number.POSITIVE_INFINITY;
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs((row[i] as number) - value))) / largest;
}

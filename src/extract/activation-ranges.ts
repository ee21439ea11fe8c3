import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { canonicalJson } from '../features/manifest/fingerprint.ts';
import { activationRangesFile, isActivationRangesFile } from '../features/manifest/layout.ts';
import type { FingerprintFields, Preprocessing } from '../features/manifest/manifest.ts';
import { removeFile, writeDurably } from '../system/durable.ts';
import { UserError } from '../system/errors.ts';
import { type Files, listIfThere, nodeFiles, readIfThere, statIfThere } from '../system/files.ts';
import type { Backbone } from './backbone/backbone.ts';
import type { ActivationRanges } from './backbone/quantize/activation-ranges.ts';
import {
  activationRangesSha256,
  decodeActivationRanges,
  encodeActivationRanges,
} from './backbone/quantize/activation-ranges-file.ts';
import { describeAgreement } from './backbone/quantize/agreement.ts';
import type { Sample } from './backbone/quantize/calibrate.ts';
import type { ImageFile } from './images/list/image-file.ts';
import type { FilePixels } from './images/pipeline/pixel-protocol.ts';
import { PixelReader } from './images/pipeline/pixel-reader.ts';
import type { NetworkSource } from './network-source.ts';
import { stackPixels } from './stack-pixels.ts';

export interface ActivationRangesRequest {
  readonly files: Files;
  readonly folder: string;
  readonly network: NetworkSource;
  readonly preprocessing: Preprocessing;
  readonly tap: string;
  readonly images: readonly ImageFile[];
  readonly seed: number;
  readonly onNote: (line: string) => void;
  readonly onWarning: (line: string) => void;
}

export interface OpenedActivationRanges {
  readonly activationRanges: ActivationRanges;
  readonly sha256: string;
  /** The quantized network used for the check, if the ranges were measured just now. */
  readonly backbone?: Backbone;
}

/**
 * The activation ranges of an int8 feature set: those in its folder if weights and preprocessing are the same, so that
 * added rows are consistent with existing ones; else new ones, measured on the user's images.
 *
 * @throws UserError if quantized features are too far from float32 ones, or none of the sample's images can be read
 */
export async function openActivationRanges(request: ActivationRangesRequest): Promise<OpenedActivationRanges> {
  return (await keptActivationRanges(request)) ?? (await measureActivationRanges(request));
}

/** The ranges in the folder, or undefined. */
export async function keptActivationRanges(
  request: ActivationRangesRequest,
): Promise<OpenedActivationRanges | undefined> {
  const kept = await findActivationRanges(request);
  if (kept === undefined) return undefined;
  request.onNote(`${describeAgreement(kept.agreement)} (measured when the feature set was created)`);
  return { activationRanges: kept, sha256: activationRangesSha256(kept) };
}

/** Measures them on a sample of the images. */
export async function measureActivationRanges(request: ActivationRangesRequest): Promise<OpenedActivationRanges> {
  const { network, preprocessing, tap } = request;
  const sample = await readSample(request);
  const { activationRanges, warnings, backbone } = await network.prepareInt8(preprocessing, tap, sample);
  request.onNote(describeAgreement(activationRanges.agreement));
  for (const warning of warnings) request.onWarning(warning);
  return { activationRanges, sha256: activationRangesSha256(activationRanges), backbone };
}

async function findActivationRanges(request: ActivationRangesRequest): Promise<ActivationRanges | undefined> {
  const { files, folder, network, preprocessing, seed } = request;
  const names = (await listIfThere(files, folder)).filter(isActivationRangesFile);
  for (const name of [...names].sort()) {
    const path = join(folder, name);
    const bytes = await readIfThere(files, path);
    if (bytes === undefined) continue;
    const found = decodeActivationRanges(bytes, path);
    const same = found.weightsSha256 === network.weightsSha256 && found.seed === seed;
    if (same && canonicalJson(found.preprocessing) === canonicalJson(preprocessing)) return found;
  }
  return undefined;
}

async function readSample(request: ActivationRangesRequest): Promise<Sample> {
  const { images, preprocessing, seed } = request;
  const drawn = drawSample(images, (image) => image.relativePath, defaultSampleSize, seed);
  const reader = new PixelReader(preprocessing, () => false);
  const read: FilePixels[] = [];
  // One after the other: a reader blocks its thread until there is room for the image's pixels.
  for (const { path } of drawn) read.push(await reader.read(path));
  // Unreadable files are skipped here; the run itself reports them.
  const ready = read.flatMap(({ pixels, sha256 }) =>
    pixels === undefined || sha256 === undefined ? [] : [{ pixels, sha256 }],
  );
  if (ready.length === 0) {
    throw new UserError({
      what: '--precision int8 has no images to calibrate on',
      where: drawn[0]?.path ?? 'the data folder',
      found: `${drawn.length} drawn, none readable; the first: ${read[0]?.reason}`,
      fix: 'fix or remove the files, or --precision float32',
    });
  }
  const pixels = stackPixels(
    preprocessing.crop,
    ready.map((image) => image.pixels),
  );
  return { seed, images: ready.map(({ sha256 }) => sha256), pixels };
}

/** Their fields in the fingerprint. */
export function activationRangesFields({
  activationRanges,
  sha256,
}: OpenedActivationRanges): NonNullable<FingerprintFields['calibration']> {
  return { seed: activationRanges.seed, images: activationRanges.images, sha256 };
}

/** Writes them next to the shards, for later runs and `predict`. */
export async function keepActivationRanges(
  files: Files,
  folder: string,
  opened: OpenedActivationRanges,
): Promise<void> {
  const path = join(folder, activationRangesFile(opened.sha256));
  const bytes = encodeActivationRanges(opened.activationRanges);
  if ((await statIfThere(files, path)) === undefined) await writeDurably(files, path, [bytes]);
}

/** Removes ranges of replaced sets. */
export async function removeOtherActivationRanges(
  files: Files,
  folder: string,
  opened: OpenedActivationRanges,
): Promise<void> {
  const own = activationRangesFile(opened.sha256);
  for (const name of await listIfThere(files, folder)) {
    if (isActivationRangesFile(name) && name !== own) await removeFile(files, join(folder, name));
  }
}

/**
 * Reads the activation ranges of a manifest from the first folder that has them.
 *
 * @throws UserError if the file is missing, damaged, or not the one in the manifest
 */
export async function readActivationRanges(
  folders: readonly string[],
  sha256: string,
  files: Files = nodeFiles,
): Promise<ActivationRanges> {
  const file = activationRangesFile(sha256);
  let found = 'no such file';
  for (const folder of folders) {
    const path = join(folder, file);
    const bytes = await readIfThere(files, path);
    if (bytes === undefined) continue;
    const activationRanges = decodeActivationRanges(bytes, path);
    const actual = activationRangesSha256(activationRanges);
    if (actual === sha256) return activationRanges;
    found = `activation ranges with sha256 ${actual}`;
  }
  throw new UserError({
    what: 'the activation ranges of the int8 features are missing',
    where: folders.map((folder) => join(folder, file)).join(' or '),
    found,
    expected: `sha256 ${sha256}`,
    fix: 'extract again: featuretap extract --precision int8 --replace',
  });
}

/**
 * Default number of calibration images: with 4, 8, 16 and 33 dogs the mean cosine was 0.9967, 0.9972, 0.9975 and
 * 0.9974.
 */
const defaultSampleSize = 16;

/**
 * Draws images for the calibration: those whose hash of seed and name is smallest, so that the draw does not depend on
 * the order of the names, and changes little when names come or go.
 */
export function drawSample<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  count: number,
  seed: number,
): readonly T[] {
  const keyed = items.map((item) => {
    const name = nameOf(item);
    return { item, name, key: createHash('sha256').update(`${seed}:${name}`).digest('hex') };
  });
  // Equal hashes are equal names: the order of the two does not matter.
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keyed.slice(0, count).map(({ item }) => item);
}

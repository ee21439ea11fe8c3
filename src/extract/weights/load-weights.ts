import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { imageChannels } from '../../formats/onnx/image-input.ts';
import { readWholeFile, type WholeFile } from '../../formats/whole-file.ts';
import { UserError, usageError } from '../../system/errors.ts';
import { checkStateDict } from './check-state-dict.ts';
import { userCacheFolder } from './download/cache-folder.ts';
import { type DownloadProgress, download } from './download/download.ts';
import { type GraphFile, readGraphFile } from './graph-file.ts';
import { downloadNetwork } from './hub/download-network.ts';
import { type HubName, parseHubName } from './hub/hub-name.ts';
import { type Published, readNetworkFolder } from './hub/network-folder.ts';
import type { TrainedWith } from './hub/preprocessor-config.ts';
import { defaultWeightsUrl, type KnownWeights, knownWeights, sha256PrefixOf } from './known-weights.ts';
import { type PackagedWeights, packagedFile, packagedWeightsOf } from './packaged-weights.ts';
import { randomSource, randomWeights } from './random/random-weights.ts';
import { architectures, isArchitecture } from './resnet.ts';
import type { StateDict } from './state-dict.ts';
import { checkPlace } from './weights-beside.ts';
import { keyNotTaken, readTensors, weightsFormat } from './weights-file.ts';

export interface LoadWeightsOptions {
  /** Checkpoints only: key of the state dict; default: the usual one. */
  readonly key?: string | undefined;
  /** Published networks only: variant (`fp16`: onnx/model_fp16.onnx); default: the plain one. */
  readonly variant?: string | undefined;
  /** `random` only; default 0. */
  readonly seed?: number | undefined;
  /** Never downloads a network of a hub. */
  readonly offline?: boolean | undefined;
  /** Known names and networks of a hub: called while a file is downloaded, never when it is in the cache. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal | undefined;
  /** Where downloads are kept; default `userCacheFolder()`. */
  readonly cacheFolder?: string;
  /** Base URL of known weights; default $FEATURETAP_WEIGHTS_URL (a mirror), else download.pytorch.org. */
  readonly weightsUrl?: string;
}

/** Weights of `--weights`, read and checked. */
export type LoadedWeights = LoadedStateDict | LoadedGraph;

export interface LoadedStateDict {
  readonly kind: 'state-dict';
  readonly stateDict: StateDict;
  /** Absolute or as given; absent for `random`. */
  readonly file?: string;
  /** Preprocessing of these weights; absent if unknown. */
  readonly trainedWith?: TrainedWith;
  /** Key of the state dict used, if a checkpoint has several. */
  readonly key?: string | undefined;
  /** Warnings to show once: unused tensors, other state dicts, skipped objects. */
  readonly warnings: readonly string[];
}

/** A user's own graph, or a published one with its configuration. */
interface LoadedGraph extends Omit<GraphFile, 'model'> {
  readonly kind: 'onnx';
  /** Channels of its images; undefined if unknown. */
  readonly channels?: number | undefined;
  readonly published?: Published;
  /** `hf:OWNER/NAME@COMMIT` if it is from a hub. */
  readonly pinned?: string;
  /** Variant of a published network's graph, if not the default one. */
  readonly variant?: string | undefined;
  /** Worth showing once. */
  readonly warnings?: readonly string[];
}

/**
 * Loads the weights of `--weights`: a known name (downloaded once, or part of the package), `random` or
 * `random:ARCHITECTURE` (seeded), or a .safetensors, .pth or .onnx file, the folder of a published network, or
 * `hf:OWNER/NAME[@REVISION]` (downloaded once).
 *
 * @throws UserError if the name is unknown, the download fails, the file is damaged, or its tensors are not those of a
 *   ResNet
 */
export async function loadWeights(spec: string, options: LoadWeightsOptions = {}): Promise<LoadedWeights> {
  const [name, architecture = 'resnet50'] = spec.split(':');
  const { key, variant } = options;
  const hubName = parseHubName(spec);
  if (hubName !== undefined) return loadHub(hubName, spec, options);
  const isFolder = statSync(spec, { throwIfNoEntry: false })?.isDirectory() === true;
  if (variant !== undefined && !isFolder)
    throw usageError(
      '--variant',
      `${variant}, and --weights ${spec}`,
      'hf:OWNER/NAME, or the folder of a published network',
    );
  const packaged = packagedWeightsOf(spec);
  if (key !== undefined && (name === 'random' || packaged !== undefined || Object.hasOwn(knownWeights, spec)))
    throw keyNotTaken(key, spec);
  if (packaged !== undefined) return loadPackaged(packaged);
  if (name === 'random') return loadRandom(architecture, options.seed ?? 0);
  const known = Object.hasOwn(knownWeights, spec) ? knownWeights[spec] : undefined;
  if (known !== undefined) return loadKnown(known, options);
  if (!isFolder) weightsFormat(spec);
  await checkPlace(spec, isFolder);
  return isFolder ? loadFolder(spec, options) : loadFile(spec, key);
}

/** Path of the downloaded file of a known name; undefined for other names. */
export function knownWeightsFile(name: string, cacheFolder: string = userCacheFolder()): string | undefined {
  const known = Object.hasOwn(knownWeights, name) ? knownWeights[name] : undefined;
  return known && join(cacheFolder, 'weights', known.file);
}

/** The known weights of that name if they are not in the cache yet; else undefined. */
export function notDownloaded(name: string): KnownWeights | undefined {
  const file = knownWeightsFile(name);
  return file === undefined || existsSync(file) ? undefined : knownWeights[name];
}

/** Loads known weights from the cache, or downloads them. */
export async function loadKnown(known: KnownWeights, options: LoadWeightsOptions): Promise<LoadedWeights> {
  const path = join(options.cacheFolder ?? userCacheFolder(), 'weights', known.file);
  const sha256Prefix = sha256PrefixOf(known.file);
  const cached = existsSync(path) ? await readWholeFile(path, 'weights file') : undefined;
  // A cached file with a wrong hash is damaged: download it again.
  if (!cached?.sha256.startsWith(sha256Prefix)) {
    const base = options.weightsUrl ?? (process.env['FEATURETAP_WEIGHTS_URL'] || defaultWeightsUrl);
    const { onProgress, signal } = options;
    await download({
      url: `${base.replace(/\/$/, '')}/${known.file}`,
      target: path,
      sha256Prefix,
      fix: `download it another way and name the file: --weights ${known.file}`,
      onProgress,
      signal,
    });
  }
  const file = cached?.sha256.startsWith(sha256Prefix) ? cached : await readWholeFile(path, 'weights file');
  return { ...(await loadTensors(file, 'pth')), trainedWith: { resize: known.resize } };
}

async function loadPackaged(packaged: PackagedWeights): Promise<LoadedWeights> {
  const file = await readWholeFile(packagedFile(packaged), 'weights file');
  if (file.sha256 !== packaged.sha256)
    throw new UserError({
      what: 'a file of this program was changed',
      where: file.path,
      found: `sha256 ${file.sha256}`,
      expected: `sha256 ${packaged.sha256}`,
      fix: 'install the program again',
    });
  const { resize, crop, note } = packaged;
  return { ...(await loadTensors(file, 'safetensors')), trainedWith: { resize, crop }, warnings: [note] };
}

/** The last random network, which takes seconds to create and is often needed again. */
let lastRandom: StateDict | undefined;

function loadRandom(architecture: string, seed: number): LoadedWeights {
  if (!isArchitecture(architecture))
    throw usageError('--weights', `random:${architecture}`, `random:${Object.keys(architectures).join(' | random:')}`);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw usageError('the seed of random weights', String(seed), 'a whole number from 0 to 2^53');
  if (lastRandom?.source !== randomSource(architecture, seed)) lastRandom = randomWeights(architecture, seed);
  return { kind: 'state-dict', stateDict: lastRandom, trainedWith: { resize: 256 }, warnings: [] };
}

async function loadFolder(folder: string, { key, variant }: LoadWeightsOptions): Promise<LoadedGraph> {
  if (key !== undefined) throw keyNotTaken(key, folder);
  const { graph, published } = await readNetworkFolder(folder, variant);
  return { ...loadedGraph(graph), published, variant };
}

async function loadHub(name: HubName, spec: string, options: LoadWeightsOptions): Promise<LoadedGraph> {
  const { key, variant, cacheFolder = userCacheFolder() } = options;
  if (key !== undefined) throw keyNotTaken(key, spec);
  const { folder, pinned, warnings } = await downloadNetwork(name, { ...options, variant, cacheFolder });
  return { ...(await loadFolder(folder, { variant })), pinned, warnings };
}

/** Drops the decoded model, which is decoded again when the network is opened. */
function loadedGraph({ file, bytes, sha256, readExternal, model }: GraphFile): LoadedGraph {
  return { kind: 'onnx', file, bytes, sha256, readExternal, channels: imageChannels(model) };
}

async function loadFile(path: string, key: string | undefined): Promise<LoadedWeights> {
  const format = weightsFormat(path);
  if (format === 'onnx' && key !== undefined) throw keyNotTaken(key, path);
  if (format === 'onnx') return loadedGraph(await readGraphFile(path));
  return loadTensors(await readWholeFile(path, 'weights file'), format, key);
}

async function loadTensors(file: WholeFile, format: 'safetensors' | 'pth', asked?: string): Promise<LoadedStateDict> {
  const { tensors, key, otherKey, warnings: before } = await readTensors(file, format, asked);
  const { warnings, ...checked } = checkStateDict(tensors, file.path);
  // Another state dict of the same file is another network: its features must not be mixed.
  const sha256 = otherKey ? createHash('sha256').update(`${file.sha256} ${key}`).digest('hex') : file.sha256;
  return {
    kind: 'state-dict',
    stateDict: { ...checked, source: file.path, sha256 },
    file: file.path,
    key,
    warnings: [...before, ...warnings],
  };
}

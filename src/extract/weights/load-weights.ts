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
  /** Checkpoints only: which of the state dicts in one to take; default: the one that is usually meant. */
  readonly key?: string | undefined;
  /** Folders of published networks only: which of their graphs (`fp16`: onnx/model_fp16.onnx); default: the plain one. */
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
  /** Where known weights come from; default $FEATURETAP_WEIGHTS_URL (a mirror), else download.pytorch.org. */
  readonly weightsUrl?: string;
}

/** What `--weights` named, read and checked. */
export type LoadedWeights = LoadedStateDict | LoadedGraph;

export interface LoadedStateDict {
  readonly kind: 'state-dict';
  readonly stateDict: StateDict;
  /** Absolute or as given; absent for `random`. */
  readonly file?: string;
  /** How images are prepared for these weights; absent if the file does not say. */
  readonly trainedWith?: TrainedWith;
  /** The key of the state dict that was taken, where a checkpoint holds several. */
  readonly key?: string | undefined;
  /** Worth showing once: tensors that are not used, other state dicts, objects that were left unread. */
  readonly warnings: readonly string[];
}

/** A graph of the user's own, or one that was published with what is to know of it. */
interface LoadedGraph extends Omit<GraphFile, 'model'> {
  readonly kind: 'onnx';
  /** Of the images that it takes; undefined if its input does not say. */
  readonly channels?: number | undefined;
  /** What the files beside it say; absent if the graph alone was named. */
  readonly published?: Published;
  /** `hf:OWNER/NAME@COMMIT`, where it is a hub's. */
  readonly pinned?: string;
  /** Which of a published network's graphs it is, where it is not the plain one. */
  readonly variant?: string | undefined;
  /** Worth showing once. */
  readonly warnings?: readonly string[];
}

/**
 * Reads what `--weights` names: a known name (downloaded once, or part of the package), `random` or `random:ARCHITECTURE` (seeded), or a
 * .safetensors, .pth or .onnx file, the folder of a published network, or
 * `hf:OWNER/NAME[@REVISION]` (downloaded once).
 *
 * @throws UserError if the name is unknown, the download fails, the file is not whole, or its tensors are not those
 * of a known ResNet
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

/** Where the file of a known name lies once it is downloaded; undefined for any other name. */
export function knownWeightsFile(name: string, cacheFolder: string = userCacheFolder()): string | undefined {
  const known = Object.hasOwn(knownWeights, name) ? knownWeights[name] : undefined;
  return known && join(cacheFolder, 'weights', known.file);
}

/** The known weights of that name that are not in the cache yet; undefined for those that are, and for other names. */
export function notDownloaded(name: string, cacheFolder?: string): KnownWeights | undefined {
  const file = knownWeightsFile(name, cacheFolder);
  return file === undefined || existsSync(file) ? undefined : knownWeights[name];
}

/** As `loadWeights` of a known name: from the cache where the file there is whole, else downloaded. */
export async function loadKnown(known: KnownWeights, options: LoadWeightsOptions): Promise<LoadedWeights> {
  const path = join(options.cacheFolder ?? userCacheFolder(), 'weights', known.file);
  const sha256Prefix = sha256PrefixOf(known.file);
  const cached = existsSync(path) ? await readWholeFile(path, 'weights file') : undefined;
  // A file in the cache that is not what its name says was damaged there: it is fetched again.
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

/** The last random network: `predict` and tests ask for the same one again, and it takes seconds to make. */
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
  const { key, variant, offline, onProgress, signal, cacheFolder = userCacheFolder() } = options;
  if (key !== undefined) throw keyNotTaken(key, spec);
  const { folder, pinned, warnings } = await downloadNetwork(name, {
    variant,
    offline,
    onProgress,
    signal,
    cacheFolder,
  });
  return { ...(await loadFolder(folder, { variant })), pinned, warnings };
}

/** The decoded model is let go: it is made again when the network is opened. */
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
  // Another state dict of the same file is another network: features of the two must never be mixed.
  const sha256 = otherKey ? createHash('sha256').update(`${file.sha256} ${key}`).digest('hex') : file.sha256;
  return {
    kind: 'state-dict',
    stateDict: { ...checked, source: file.path, sha256 },
    file: file.path,
    key,
    warnings: [...before, ...warnings],
  };
}

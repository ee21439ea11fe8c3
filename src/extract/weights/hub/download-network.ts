import { join } from 'node:path';
import { maxModelBytes } from '../../../formats/onnx/decode.ts';
import { UserError } from '../../../system/errors.ts';
import { formatBytes } from '../../../system/files.ts';
import { type DownloadProgress, download } from '../download/download.ts';
import { type CachedCommit, HubCache } from './hub-cache.ts';
import {
  authorization,
  byHand,
  describeFile,
  fileUrl,
  type Hub,
  HubUnreachable,
  hubOf,
  isOffline,
  resolveRevision,
} from './hub-client.ts';
import { type HubName, isCommit } from './hub-name.ts';
import { besideGraph, graphNames, type Tower, variantsOf } from './network-folder.ts';

export interface HubOptions {
  readonly variant: string | undefined;
  /** Default: the images'. */
  readonly tower?: Tower | undefined;
  readonly cacheFolder: string;
  /** Never asks the hub, as with $HF_HUB_OFFLINE. */
  readonly offline?: boolean | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Of the process; tests have their own. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

interface HubNetwork {
  /** Laid out as the repository is. */
  readonly folder: string;
  /** `hf:OWNER/NAME@COMMIT`. */
  readonly pinned: string;
  readonly warnings: readonly string[];
}

/**
 * Downloads a network from a model hub into the user's cache, except for files that are there already.
 *
 * @throws UserError if the hub cannot be asked and the cache does not do, or it does not have the network
 */
export async function downloadNetwork(asked: HubName, options: HubOptions): Promise<HubNetwork> {
  const { env = process.env, offline = false, signal } = options;
  const hub = hubOf(env, signal);
  const cache = new HubCache(options.cacheFolder, asked);
  const title = `hf:${asked.owner}/${asked.name}`;
  const known = isCommit(asked.revision) ? asked.revision : await cache.commitOf(asked.revision);
  const cached = known === undefined ? undefined : await cache.read(known);
  const network = (commit: string, ...warnings: string[]): HubNetwork => ({
    folder: cache.folderOf(commit),
    pinned: `${title}@${commit}`,
    warnings,
  });
  const isHere = cached !== undefined && (await allWhole(cache, cached, options));
  if (isHere && isCommit(asked.revision)) return network(cached.commit);
  if (offline || isOffline(env)) {
    if (isHere) return network(cached.commit);
    const [why, fix] = offline
      ? ['--explain downloads nothing', 'the same command without --explain downloads it']
      : ['HF_HUB_OFFLINE is set', byHand];
    throw notCached(asked, why, hub, fix);
  }
  try {
    return network(await fetchNetwork(hub, asked, cache, options));
  } catch (error) {
    if (!(error instanceof HubUnreachable)) throw error;
    if (!isHere) throw notCached(asked, error.message, hub);
    return network(
      cached.commit,
      `the hub does not answer (${error.message}): ${title} is taken from the cache, ${asked.revision} as it was then, ${cached.commit}`,
    );
  }
}

async function fetchNetwork(hub: Hub, asked: HubName, cache: HubCache, options: HubOptions): Promise<string> {
  const resolved = await resolveRevision(hub, asked);
  const { commit } = resolved;
  const wanted = neededOf(resolved.files, options);
  if (wanted === undefined) throw notPublished(resolved.files, options, asked);
  const before = await cache.read(commit);
  const described = { ...before?.described };
  for (const path of wanted) described[path] ??= await describeFile(hub, asked, commit, path);
  const known: CachedCommit = { ...resolved, described };
  for (const path of wanted) {
    if (await cache.isWhole(known, path)) continue;
    const { bytes, sha256, gitSha1 } = known.described[path] as CachedCommit['described'][string];
    if (bytes > maxModelBytes) throw tooLarge(fileUrl(hub, asked, commit, path), bytes);
    await download({
      url: fileUrl(hub, asked, commit, path),
      headers: authorization(hub),
      target: join(cache.folderOf(commit), path),
      sha256Prefix: sha256 ?? '',
      gitSha1,
      bytes,
      fix: byHand,
      onProgress: options.onProgress,
      signal: options.signal,
    });
  }
  // Last, so that all files of a commit that the cache lists exist.
  await cache.keep(asked.revision, known);
  return commit;
}

type Wanted = Pick<HubOptions, 'variant' | 'tower'>;

/**
 * The files needed of a repository: its configuration, the graph and the graph's external tensor files; undefined if
 * one is missing.
 */
function neededOf(files: readonly string[], { variant, tower = 'image' }: Wanted): readonly string[] | undefined {
  const graph = graphNames(variant, tower).find((path) => files.includes(path));
  if (graph === undefined || !files.includes('config.json')) return undefined;
  const isBeside = (path: string): boolean =>
    (path.startsWith(`${graph}_data`) || path === `${graph}.data`) && /^onnx\/[\w.-]+$/.test(path);
  const said = besideGraph[tower].filter((path) => files.includes(path));
  return [...said, graph, ...files.filter(isBeside)];
}

async function allWhole(cache: HubCache, commit: CachedCommit, wanted: Wanted): Promise<boolean> {
  for (const path of neededOf(commit.files, wanted) ?? ['']) if (!(await cache.isWhole(commit, path))) return false;
  return true;
}

function notPublished(files: readonly string[], { variant, tower }: Wanted, { owner, name }: HubName): UserError {
  const graphs = files.filter((path) => path.endsWith('.onnx'));
  const own = graphs.flatMap((path) => (path.startsWith('onnx/') ? [path.slice('onnx/'.length)] : []));
  return new UserError({
    what:
      variant === undefined
        ? `${tower === 'text' ? 'the text encoder of this network' : 'this network'} is not published as an ONNX graph`
        : `the network has no variant ${variant}`,
    where: `hf:${owner}/${name}`,
    found: graphs.length === 0 ? 'no .onnx file' : graphs.slice(0, 12).join(', '),
    expected: `config.json, and ${graphNames(variant, tower).join(' or ')}`,
    fix:
      own.length > 0
        ? variantsOf(own)
        : `take a repository with an onnx folder (onnx-community has many), or export it: optimum-cli export onnx --model ${owner}/${name} FOLDER`,
  });
}

function notCached({ owner, name, revision }: HubName, why: string, { endpoint }: Hub, fix = byHand): UserError {
  return new UserError({
    what: 'the network is not in the cache, and the hub cannot be reached',
    where: `hf:${owner}/${name}@${revision}`,
    found: why,
    expected: `an answer of ${endpoint}, or the network's files on this machine`,
    fix,
  });
}

function tooLarge(where: string, bytes: number): UserError {
  return new UserError({
    what: 'the network is too large to run',
    where,
    found: formatBytes(bytes),
    expected: `${formatBytes(maxModelBytes)} at most`,
    fix: 'a smaller one of its family, or --variant fp16',
  });
}

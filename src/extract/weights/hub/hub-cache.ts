import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord } from '../../../system/at.ts';
import { makeFolder, writeText } from '../../../system/durable.ts';
import { nodeFiles, readBlocks } from '../../../system/files.ts';
import { type Config, readConfig } from './config-file.ts';
import type { HubFile, Resolved } from './hub-client.ts';
import type { HubName } from './hub-name.ts';

/** What is known of a commit: the files that it has, and size and hash of those that were asked for. */
export interface CachedCommit extends Resolved {
  readonly described: Readonly<Record<string, HubFile>>;
}

/** One of the cache's own files. A damaged one counts as missing, so that the hub is asked again. */
function readOwn(path: string): Promise<Config | undefined> {
  return readConfig(path).catch(() => undefined);
}

/** The user's cache of networks from a hub: a folder for each repository, in it one for each commit. */
export class HubCache {
  readonly #folder: string;

  constructor(cacheFolder: string, { owner, name }: HubName) {
    this.#folder = join(cacheFolder, 'hub', `${owner}--${name}`);
  }

  /** The files of a commit, as the repository has them. */
  folderOf(commit: string): string {
    return join(this.#folder, commit);
  }

  /** The commit that a revision was when the hub was last asked. */
  async commitOf(revision: string): Promise<string | undefined> {
    const commit = (await readOwn(this.#refPath(revision)))?.['commit'];
    return typeof commit === 'string' && /^[0-9a-f]{40}$/.test(commit) ? commit : undefined;
  }

  async read(commit: string): Promise<CachedCommit | undefined> {
    const kept = await readOwn(this.#commitPath(commit));
    const isKept = kept?.['commit'] === commit && Array.isArray(kept['files']) && isRecord(kept['described']);
    return isKept ? (kept as unknown as CachedCommit) : undefined;
  }

  async keep(revision: string, commit: CachedCommit): Promise<void> {
    await makeFolder(nodeFiles, this.folderOf(commit.commit));
    await makeFolder(nodeFiles, join(this.#folder, 'refs'));
    await writeText(nodeFiles, this.#commitPath(commit.commit), JSON.stringify(commit));
    await writeText(nodeFiles, this.#refPath(revision), JSON.stringify({ commit: commit.commit }));
  }

  /** Whether a file is there as the hub described it. */
  async isWhole(commit: CachedCommit, path: string): Promise<boolean> {
    const expected = commit.described[path];
    const file = join(this.folderOf(commit.commit), path);
    if (expected === undefined || !existsSync(file) || statSync(file).size !== expected.bytes) return false;
    const hash = createHash(expected.sha256 === undefined ? 'sha1' : 'sha256');
    if (expected.sha256 === undefined) hash.update(`blob ${expected.bytes}\0`);
    for await (const block of readBlocks(nodeFiles, file)) hash.update(block);
    return hash.digest('hex') === (expected.sha256 ?? expected.gitSha1);
  }

  #commitPath(commit: string): string {
    return join(this.#folder, `${commit}.json`);
  }

  #refPath(revision: string): string {
    return join(this.#folder, 'refs', `${encodeURIComponent(revision)}.json`);
  }
}

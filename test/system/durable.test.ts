import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, beforeEach, describe, it } from 'node:test';
import { DurableFile, removeAbandoned, writeText } from '../../src/system/durable.ts';
import { type Files, nodeFiles, readIfThere, readText } from '../../src/system/files.ts';
import { makeFolder } from '../../src/system/make-folder.ts';
import { readRegularSync } from '../../src/system/regular-file.ts';
import { childSource } from '../child-source.ts';
import { projectRoot } from '../reference.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('durable writes', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'featuretap-durable-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  it("reject a second writer of one file, with the first one's name, until the first is done", async () => {
    const path = join(root, 'a.csv');
    const first = await DurableFile.open(nodeFiles, path, { aloneWithinMs: 0 });
    await first.write(bytes('first'));
    await assert.rejects(DurableFile.open(nodeFiles, path, { aloneWithinMs: 0 }), (error: Error) => {
      assert.match(error.message, /another process is writing this file/);
      assert.match(error.message, new RegExp(`process ${process.pid} on this machine`));
      return true;
    });
    await first.finish();
    await writeText(nodeFiles, path, 'second');
    assert.equal(await readFile(path, 'utf8'), 'second');
    assert.deepEqual(await readdir(root), ['a.csv']);
  });

  it('let a writer wait for another one', async () => {
    const path = join(root, 'waited.csv');
    const first = await DurableFile.open(nodeFiles, path, { aloneWithinMs: 0 });
    const second = writeText(nodeFiles, path, 'second');
    await first.write(bytes('first'));
    await first.finish();
    await second;
    assert.equal(await readFile(path, 'utf8'), 'second');
  });

  it('give a file to one of many concurrent writers at a time', async () => {
    const path = join(root, 'many.csv');
    let writing = 0;
    const files: Files = {
      ...nodeFiles,
      open: async (name, flags) => {
        const file = await nodeFiles.open(name, flags);
        return {
          ...file,
          write: async (...part) => {
            assert.equal(++writing, 1, 'one at a time');
            await new Promise((resolve) => setTimeout(resolve, 5));
            const result = await file.write(...part);
            writing--;
            return result;
          },
        };
      },
    };
    await Promise.all(Array.from({ length: 8 }, (_, i) => writeText(files, path, `writer ${i}`)));
    assert.match(await readFile(path, 'utf8'), /^writer \d$/);
    assert.deepEqual(await readdir(root), ['many.csv']);
  });

  it('ignore what a killed process left behind', async () => {
    const path = join(root, 'left.csv');
    const script = `
      const { DurableFile } = await import(${JSON.stringify(join(projectRoot, 'src/system/durable.ts'))});
      const { nodeFiles } = await import(${JSON.stringify(join(projectRoot, 'src/system/files.ts'))});
      const file = await DurableFile.open(nodeFiles, ${JSON.stringify(path)}, { aloneWithinMs: 0 });
      await file.write(new Uint8Array(10));
      console.log('open');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, childSource(script), {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await assert.rejects(
      DurableFile.open(nodeFiles, path, { aloneWithinMs: 0 }),
      new RegExp(`process ${child.pid} on this machine: .*node`),
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    const [left = ''] = await readdir(root);
    // Folders with other writers are not listed: a folder's writer removes its unfinished files.
    const beside = await DurableFile.open(nodeFiles, join(root, 'beside.csv'));
    await writeFile(join(root, left.replace('left', 'other')), 'half');
    await writeText(nodeFiles, path, 'whole');
    assert.equal((await readdir(root)).length, 3);
    await removeAbandoned(nodeFiles, root);
    await beside.finish();
    assert.deepEqual((await readdir(root)).sort(), ['beside.csv', 'left.csv']);
  });

  it('reject a folder before anything is written, and leave no file', async () => {
    await mkdir(join(root, 'folder'));
    await assert.rejects(
      writeText(nodeFiles, join(root, 'folder'), 'text'),
      /cannot write a file[\s\S]*a folder, not a file/,
    );
    assert.deepEqual(await readdir(root), ['folder']);
  });

  it('leave no file under the final name, nor beside it, when any step fails', async () => {
    const path = join(root, 'fails.csv');
    for (let failAt = 0; ; failAt++) {
      let calls = 0;
      const fail = (): void => {
        if (calls++ === failAt) throw Object.assign(new Error('EROFS: drawn'), { code: 'EROFS' });
      };
      const files: Files = {
        ...nodeFiles,
        open: async (name, flags) => {
          fail();
          const file = await nodeFiles.open(name, flags);
          const guard =
            <A extends unknown[], T>(work: (...args: A) => Promise<T>) =>
            async (...args: A): Promise<T> => {
              fail();
              return work(...args);
            };
          return { ...file, write: guard(file.write), sync: guard(file.sync) };
        },
        rename: async (from, to) => {
          fail();
          await nodeFiles.rename(from, to);
        },
        list: async (folder) => {
          fail();
          return nodeFiles.list(folder);
        },
      };
      const failed = await writeText(files, path, 'text').then(
        () => false,
        (error) => {
          assert.match(error.message, /^cannot (write|read) a file[\s\S]*a disk that may only be read/);
          return true;
        },
      );
      if (!failed) {
        assert.ok(failAt > 5, `${failAt} steps`);
        break;
      }
      assert.deepEqual(await readdir(root), [], `failed at step ${failAt}`);
    }
  });
});

describe('reading', { skip: process.platform === 'win32' ? 'no pipes with names here' : false }, () => {
  const root = temporaryFolder();
  before(async () => {
    assert.equal(spawnSync('mkfifo', [join(root, 'pipe')]).status, 0);
    await symlink('/dev/zero', join(root, 'zero'));
    await writeFile(join(root, 'text'), 'text');
  });

  it('ends at once at a pipe, a device, a socket or a folder', async () => {
    const server = createServer().listen(join(root, 'socket'));
    await once(server, 'listening');
    const expected = {
      pipe: /not a regular file: a pipe/,
      zero: /not a regular file: a device/,
      socket: /cannot read/,
    };
    for (const [name, message] of Object.entries(expected)) {
      await assert.rejects(readIfThere(nodeFiles, join(root, name)), message);
      assert.throws(() => readRegularSync(join(root, name), 1000), name === 'socket' ? /ENXIO/ : message);
    }
    await assert.rejects(readIfThere(nodeFiles, root), /a folder, not a file/);
    server.close();
  });

  it('reads no more than the limit', async () => {
    assert.equal(await readText(nodeFiles, join(root, 'text'), 4), 'text');
    await assert.rejects(readText(nodeFiles, join(root, 'text'), 3), /too large[\s\S]*4 B[\s\S]*3 B at most/);
    assert.deepEqual(readRegularSync(join(root, 'text'), 3), { size: 4 });
    assert.equal(readRegularSync(join(root, 'text'), 4).bytes?.toString(), 'text');
  });
});

it('creates the same parent folders from several callers at once', async () => {
  const root = await mkdtemp(join(tmpdir(), 'featuretap-parents-'));
  try {
    for (let round = 0; round < 100; round++) {
      const place = join(root, String(round), 'a', 'b', 'c');
      await Promise.all(['d', 'e', 'f', 'g'].map((name) => makeFolder(join(place, name))));
    }
  } finally {
    await rm(root, { recursive: true });
  }
});

import assert from 'node:assert/strict';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { type ExtractResult, extract } from '../../../src/extract/extract.ts';
import { repairFeatureSet } from '../../../src/extract/repair/repair.ts';
import { verifyFeatureSet } from '../../../src/features/repair/verify.ts';
import { InterruptedError, UserError } from '../../../src/system/errors.ts';
import { quickFiles } from '../../features/run/faulty-files.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { CountingNetwork, drawFolder, drawnRun, openPlainPipeline, type RunChanges } from '../drawn-data.ts';

describe('one flipped bit, in any file', () => {
  const root = temporaryFolder();
  let data = '';
  let expected: Record<string, string> = {};
  before(async () => {
    data = join(root, 'data');
    await drawFolder(data, 15);
    expected = await contentsOf((await run('whole')).folder);
  });

  function run(name: string, extra: RunChanges = {}): Promise<ExtractResult> {
    return extract(drawnRun(data, new CountingNetwork(), { name, ...extra }));
  }

  /** A few copies of a folder, each with a bit flipped in the middle or near the end of one file. */
  async function* flippedCopies(original: string): AsyncGenerator<{ name: string; folder: string; file: string }> {
    for (const file of await filesOf(original)) {
      const { length } = await readFile(join(original, file));
      for (const [i, byte] of [length >> 1, length - 3].entries()) {
        const name = `flipped-${file.replaceAll('/', '-')}-${i}`;
        const folder = join(`${data}-cache`, name);
        await cp(original, folder, { recursive: true });
        const bytes = await readFile(join(folder, file));
        bytes[byte]! ^= 4;
        await writeFile(join(folder, file), bytes);
        yield { name, folder, file };
        await rm(folder, { recursive: true });
      }
    }
  }

  it('of a complete set is found and repaired, or changes nothing', async () => {
    const original = join(`${data}-cache`, 'whole');
    const kinds = new Set<string>();
    for await (const { name, folder, file } of flippedCopies(original)) {
      const { problems } = await verifyFeatureSet(folder);
      const isOfTheSet = !file.startsWith('.run/');
      assert.equal(problems.length > 0, isOfTheSet, `${file}: ${problems.map(({ what }) => what)}`);
      for (const problem of problems) assert.equal(problem.file, file);
      const { after: left } = await repairFeatureSet(folder, {
        network: async () => new CountingNetwork(),
        command: 'featuretap verify --repair',
        batch: 4,
        openPipeline: openPlainPipeline,
        files: quickFiles,
      });
      assert.deepEqual(left.problems, []);
      assert.deepEqual(await contentsOf(folder), expected, name);
      await run(name);
      assert.deepEqual(await contentsOf(folder), expected, name);
      kinds.add(file.replaceAll(/\d+/g, ''));
    }
    assert.deepEqual([...kinds].sort(), [
      '.run/features-.checks',
      '.run/files.csv',
      '.run/spare-index.csv',
      '.run/spare-labels.csv',
      '.run/spare-manifest.json',
      '.run/spare-outcomes.csv',
      'features-.npy',
      'index.csv',
      'labels.csv',
      'manifest.json',
      'outcomes.csv',
    ]);
  });

  it('of a stopped run costs only the rows of that file: the next run ends with the same bytes', async () => {
    const controller = new AbortController();
    const network = new CountingNetwork();
    network.beforeRun = (count) => {
      if (count === 2) controller.abort(new InterruptedError());
    };
    const stopped = extract(drawnRun(data, network, { name: 'stopped', signal: controller.signal }));
    await assert.rejects(stopped, InterruptedError);
    const kinds = new Set<string>();
    for await (const { name, folder, file } of flippedCopies(join(`${data}-cache`, 'stopped'))) {
      await run(name).catch((error) => assert.ok(error instanceof UserError, String(error)));
      assert.deepEqual(await contentsOf(folder), expected, name);
      kinds.add(file.replaceAll(/\d+/g, ''));
    }
    assert.deepEqual([...kinds].sort(), [
      '.run/features-.checks',
      '.run/piece--.json',
      '.run/piece--.npy',
      '.run/run.json',
      '.run/shard-.json',
      'features-.npy',
    ]);
  });
});

async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Every file except the working state. */
async function contentsOf(folder: string): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for (const file of (await readdir(folder)).filter((name) => name !== '.run').sort()) {
    contents[file] = (await readFile(join(folder, file))).toString('base64');
  }
  return contents;
}

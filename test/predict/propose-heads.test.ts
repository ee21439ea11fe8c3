import assert from 'node:assert/strict';
import { basename, dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { headNotChosen } from '../../src/predict/propose-heads.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { trainHeads } from './trained.ts';

const root = temporaryFolder();
/** Folders of the reports: linear, then knn. */
let folders: readonly string[];
before(async () => {
  const models: Parameters<typeof trainHeads>[1]['models'] = [
    ['linear', {}],
    ['knn', { neighbors: 1 }],
  ];
  folders = (await trainHeads(root, { models, perClass: 4 })).reports.map(({ report }) => report);
});

const proposed = async (folder: string): Promise<string> =>
  (await headNotChosen({ folder, command: (head) => `take ${head}` }))?.message ?? '';

test("the beginning of a head's name suggests this head and no other", async () => {
  const [linear, knn] = folders as [string, string];
  const reports = dirname(dirname(linear));
  const here = process.cwd();
  process.chdir(dirname(reports));
  try {
    const typed = join(basename(reports), basename(dirname(knn)), 'knn');
    for (const name of [typed, `${typed}…`, `${typed}-…`, `${typed}*`, 'knn']) {
      const message = await proposed(name);
      assert.match(message, /fix: {6}take \S*knn-[\w-]+$/, name);
      assert.ok(!message.includes(basename(linear)), 'the other one is not listed');
    }
    assert.match(
      await proposed(linear.replace(/.$/, '-')),
      /fix: {6}take \S*linear-[\w-]+$/,
      'the last letter is wrong',
    );
    assert.match(
      await proposed(join(knn, 'report.jsn')),
      /fix: {6}take \S*knn-[\w-]+$/,
      'a file that it does not hold',
    );
    assert.match(await proposed('elsewhere'), /where there is no report[\s\S]*linear[\s\S]*knn|knn[\s\S]*linear/);
  } finally {
    process.chdir(here);
  }
});

test('the best and the newest head have a labelled line each where they differ', async () => {
  const reports = dirname(dirname(folders[0] as string));
  const message = await proposed(reports);
  if (/newest, best/.test(message)) assert.match(message, /fix: {6}take \S+$/);
  else assert.match(message, /fix: {6}the best: {3}take \S+\n {12}the newest: take \S+$/);
});

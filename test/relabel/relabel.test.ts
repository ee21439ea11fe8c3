import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { drawPhotos } from '../../scripts/torture/draw-photos.ts';
import { extractArgs } from '../../scripts/torture/verbs.ts';
import { readLabels } from '../../src/classify/data/labels-file.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { readCorrections } from '../../src/relabel/corrections.ts';
import { suspectsList } from '../../src/report/suspects-list.ts';
import { featuretap, type Ran } from '../cli/command.ts';
import { fixture } from '../extract/backbone/fixtures.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const weights = fixture('resnet-tiny.safetensors');

const root = temporaryFolder();
let table: string;
before(() => {
  table = join(root, 'labels.csv');
});

const original = 'split,"id",breed\r\ntrain,"a.jpg",cat\r\ntest,b.jpg,"dog"\r\ntrain,c.jpg,dog\r\ntrain,=d.jpg,cat\r\n';

async function list(text: string): Promise<string> {
  const file = join(root, 'corrections.csv');
  await writeFile(file, text);
  return file;
}

async function relabel(text: string, ...more: readonly string[]): Promise<Ran> {
  return await featuretap(['relabel', await list(text), '--labels', table, ...more]);
}

test('first lists the changes, then makes them, then has nothing to do; the rest of the table stays', async () => {
  await writeFile(table, original);
  // As the page exports it; the third label is right, and its suggestion was cleared.
  const selected =
    "id,label,suggestion,path\na,cat,dog,data/a.jpg\nb,dog,cat,data/b.jpg\nc,dog,,data/c.jpg\n'=d,cat,dog,'=d.jpg\n";
  const dry = await relabel(selected);
  assert.equal(dry.status, 0, dry.stderr);
  assert.match(
    dry.stdout,
    /^a: cat -> dog\nb: dog -> cat\n=d: cat -> dog\n3 of 4 labels would change in .*labels\.csv\n/,
  );
  assert.match(dry.stdout, /to change them: .*relabel .*--write\n$/);
  assert.equal(await readFile(table, 'utf8'), original);

  const done = await relabel(selected, '--write');
  assert.match(done.stdout, /3 of 4 labels changed in .*labels\.csv/, done.stderr);
  const expected =
    'split,"id",breed\r\ntrain,"a.jpg",dog\r\ntest,b.jpg,"cat"\r\ntrain,c.jpg,dog\r\ntrain,=d.jpg,dog\r\n';
  assert.equal(await readFile(table, 'utf8'), expected);

  const { mtimeMs } = statSync(table);
  const again = await relabel(selected, '--write');
  assert.match(again.stdout, /^nothing to do: all 3 are applied already\n$/);
  assert.equal(statSync(table).mtimeMs, mtimeMs);
  assert.deepEqual(JSON.parse((await relabel(selected, '--json')).stdout), {
    labels: table,
    changes: [],
    already: 3,
    labelCount: 4,
    written: false,
  });
});

test('reads labels-to-check.csv of compare, and prefers a column of corrections to its suggestions', async () => {
  const suspect = { labelProbability: 0.1, suggestionProbability: 0.8, timesSuggested: 1, timesHeldOut: 1 };
  const file = await list(suspectsList([{ id: '-x', label: 'cat', suggestion: '@dog', ...suspect }]));
  assert.deepEqual(await readCorrections(file), [{ id: '-x', to: '@dog', from: 'cat', line: 2 }]);
  const looked = await list('ID;Label;Suggestion;Correction\na;cat;dog;\nb;dog;cat;bird\n');
  assert.deepEqual(await readCorrections(looked), [{ id: 'b', to: 'bird', from: 'dog', line: 3 }]);
  assert.deepEqual(await readCorrections(await list('id,label\na,dog\n')), [{ id: 'a', to: 'dog', line: 2 }]);
  await assert.rejects(readCorrections(await list('name,label\na,dog\n')), /a column id/);
  await assert.rejects(
    readCorrections(await list('id,label\na,dog\na,cat\n')),
    /line 3[\s\S]*a: cat, and in line 2: dog/,
  );
  await assert.rejects(readCorrections(await list('id,label\n,dog\n')), /line 2[\s\S]*no id/);
});

test('unknown ids and labels, and labels changed meanwhile, are rejected, and nothing is applied', async () => {
  await writeFile(table, original);
  const { status, stderr } = await relabel(
    'id,label,correction\na,cat,dog\nnobody,cat,dog\nb,dog,cta\nc,bird,cat\n',
    '--write',
  );
  assert.equal(status, 1);
  assert.match(stderr, /3 of 4 corrections do not fit the labels: none was applied/);
  assert.match(stderr, /line 3: no image nobody/);
  assert.match(stderr, /line 4: no image is labelled cta; cat\?/);
  assert.match(stderr, /line 5: c is dog, neither bird nor cat/);
  assert.match(stderr, /--new-labels/);
  assert.equal(await readFile(table, 'utf8'), original);
  const allowed = await relabel('id,correction\nb,wolf\n', '--write', '--new-labels');
  assert.equal(allowed.status, 0, allowed.stderr);
  assert.equal(await readFile(table, 'utf8'), original.replace('"dog"', '"wolf"'));
});

test('a table that cannot be changed in place is reported, and a new file is written beside it', async () => {
  const lines = '{"id":"a","label":"cat"}\n{"id":"b","label":"dog"}\n';
  const other = join(root, 'labels.jsonl');
  await writeFile(other, lines);
  const file = await list('id,correction\na,dog\n');
  const refused = await featuretap(['relabel', file, '--labels', other]);
  assert.match(refused.stderr, /cannot be changed in place[\s\S]*JSON Lines[\s\S]*--to FILE\.csv/);
  const own = join(root, 'own', 'labels.csv');
  const made = await featuretap(['relabel', file, '--labels', other, '--to', own, '--write']);
  assert.equal(made.status, 0, made.stderr);
  assert.equal(await readFile(own, 'utf8'), 'id,label\na,dog\nb,dog\n');
  assert.equal(await readFile(other, 'utf8'), lines);
  const again = await featuretap(['relabel', file, '--labels', other, '--to', own, '--write']);
  assert.match(again.stdout, /nothing to do: it is applied already/);
});

test('class folders stay: a labels file is written that classify accepts', async () => {
  const data = join(root, 'photos');
  await drawPhotos(data, 24);
  const extracted = await featuretap(extractArgs({ data, weights }, join(root, 'cache')));
  assert.equal(extracted.status, 0, extracted.stderr);
  const set = await openFeatureSet(join(root, 'cache', 'set'));
  const [first] = [...set.labels];
  assert.ok(first);
  const [id, label] = first;
  const other = [...new Set(set.labels.values())].find((each) => each !== label) as string;
  const before = snapshot(data);
  const file = await list(`id,label,suggestion\n${id},${label},${other}\n`);
  const run = (...more: readonly string[]): Promise<Ran> =>
    featuretap(['relabel', file, '--features', set.folder, ...more], { cwd: root });
  const dry = await run();
  assert.match(dry.stderr, /folders say the classes: corrected labels go to set-labels\.csv, and no photo is moved/);
  assert.match(dry.stdout, /1 of 24 labels would change in set-labels\.csv/);
  assert.ok(!readdirSync(root).includes('set-labels.csv'));
  const done = await run('--write');
  assert.match(done.stdout, /next: .*classify .*--labels set-labels\.csv/, done.stderr);
  const own = await readLabels(join(root, 'set-labels.csv'));
  assert.deepEqual([...own.labels], [[id, other], ...[...set.labels].slice(1)]);
  assert.match((await run('--write')).stdout, /nothing to do/);
  assert.deepEqual(snapshot(data), before);
});

test('a table in the data folder is found and changed in place', async () => {
  const data = join(root, 'tabled');
  await mkdir(data);
  await drawPhotos(join(data, 'images'), 12);
  const names = readdirSync(join(data, 'images'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.jpg'),
  );
  const rows = names.map((name, i) => `${name},${i % 2 === 0 ? 'cat' : 'dog'},x${i}`);
  await writeFile(join(data, 'truth.csv'), `file,label,note\n${rows.join('\n')}\n`);
  const extracted = await featuretap(extractArgs({ data, weights }, join(root, 'cache-2')));
  assert.equal(extracted.status, 0, extracted.stderr);
  const folder = join(root, 'cache-2', 'set');
  const [id] = [...(await openFeatureSet(folder)).labels.keys()];
  const file = await list(`id,correction\n${id},dog\n`);
  const done = await featuretap(['relabel', file, '--features', folder, '--write']);
  assert.equal(done.status, 0, done.stderr);
  const now = await readFile(join(data, 'truth.csv'), 'utf8');
  assert.equal(now, `file,label,note\n${rows.join('\n').replace(',cat,x0', ',dog,x0')}\n`);
  // The next extract computes nothing and uses the new label.
  const next = await featuretap(extractArgs({ data, weights }, join(root, 'cache-2')));
  assert.match(next.stdout, /0 new, 11 kept/);
  assert.equal((await openFeatureSet(folder)).labels.get(id as string), 'dog');
});

function snapshot(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => `${name} ${statSync(join(folder, name)).size} ${statSync(join(folder, name)).mtimeMs}`)
    .sort();
}

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import type { Report } from '../../src/classify/result/report.ts';
import { predictVerb } from '../../src/cli/predict.ts';
import { UserError } from '../../src/system/errors.ts';
import { type TrainedHeads, trainHeads } from '../predict/trained.ts';
import { projectRoot } from '../reference.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { quietSession, type Ran, featuretap as run, spawnFeaturetap } from './command.ts';

const root = temporaryFolder();
let trained: TrainedHeads;
let head: string;
let red: string;
let blue: string;
let broken: string;
before(async () => {
  trained = await trainHeads(root, { models: [['linear', {}]], perClass: 6 });
  head = (trained.reports[0] as Report).report;
  red = join(trained.data, 'red', 'red-00.png');
  blue = join(trained.data, 'blue', 'blue-00.png');
  broken = join(root, 'broken.jpg');
  await writeFile(broken, 'no image');
});

/** With one thread: a second one takes longer to start than these photos to decode. */
const featuretap = ([verb = '', ...args]: readonly string[], options: { readonly cwd?: string } = {}): Promise<Ran> =>
  run([verb, '--threads', '1', ...args], options);

describe('featuretap predict', () => {
  test('prints one line per image with its most probable classes', async () => {
    const { status, stdout } = await featuretap(['predict', '--head', head, '--top', '2', red, blue]);
    assert.equal(status, 0);
    const lines = stdout.trimEnd().split('\n');
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? '', /red-00\.png {2}red \d+\.\d %, \S.* \d+\.\d %$/);
    assert.match(lines[1] ?? '', /blue-00\.png {2}blue /);
  });

  test('--json prints one document; a broken image sets exit code 1 and the others are predicted', async () => {
    const { status, stdout, stderr } = await featuretap([
      'predict',
      '--head',
      head,
      '--json',
      broken,
      red,
      'gone.png',
      blue,
    ]);
    assert.equal(status, 1);
    const { images, failed } = JSON.parse(stdout) as {
      images: { path: string; id: string; top: { class: string; probability: number }[] }[];
      failed: { path: string; reason: string }[];
    };
    assert.deepEqual(
      images.map(({ id, top }) => [id, top[0]?.class]),
      [
        ['red-00', 'red'],
        ['blue-00', 'blue'],
      ],
    );
    assert.ok(Math.abs((images[0]?.top ?? []).reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-5);
    assert.deepEqual(
      failed.map(({ path }) => path),
      [broken, 'gone.png'],
    );
    assert.match(stderr, /2 images could not be classified:\n.*broken\.jpg: .+\n.*gone\.png: .+/);
  });

  test('--json prints a document when every image is broken, too', async () => {
    const { status, stdout } = await featuretap(['predict', '--head', head, '--json', broken]);
    assert.equal(status, 1);
    assert.deepEqual((JSON.parse(stdout) as { images: unknown[] }).images, []);
  });

  test('reports how many photos lost contrast because the head was trained on clipped 16-bit grey', async () => {
    const kinds = join(projectRoot, 'test/fixtures/kinds');
    const images = ['deep.png', 'shallow.png', 'deep.tif'].map((name) => join(kinds, name));
    const { status, stderr } = await featuretap(['predict', '--head', head, ...images, red]);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /2 of the images are grey with 16 bits, clipped at 255.*--sixteen-bit scale/);
    assert.doesNotMatch((await featuretap(['predict', '--head', head, red])).stderr, /16 bits/);
  });

  test('--csv prints a line per image and rank', async () => {
    const { stdout } = await featuretap(['predict', '--head', head, '--csv', '--top', '9', red]);
    const rows = parse(stdout, { columns: true }) as Record<string, string>[];
    assert.deepEqual(
      rows.map((row) => row['rank']),
      ['1', '2', '3', '4'],
    );
    assert.equal(rows[0]?.['class'], 'red');
    assert.ok(rows.some((row) => row['class'] === 'off, "white"'));
  });

  test('--csv FILE.csv writes that file and leaves stdout empty; any other word after --csv is an image', async () => {
    const file = join(root, 'made', 'answers.csv');
    const written = await featuretap(['predict', '--head', head, '--top', '1', red, '--csv', file, blue]);
    assert.deepEqual([written.status, written.stdout], [0, ''], written.stderr);
    const printed = await featuretap(['predict', '--head', head, '--top', '1', '--csv', red, blue]);
    assert.equal(await readFile(file, 'utf8'), printed.stdout);
    assert.equal(printed.stdout.trimEnd().split('\n').length, 3);
  });

  test('without a head, or with a folder of reports, it lists the heads and prints the command for one', async () => {
    const reports = dirname(dirname(head));
    const asked = await featuretap(['predict', '--head', reports, '--top', '1', red], { cwd: root });
    assert.equal(asked.status, 2);
    assert.match(asked.stderr, /found: {4}\S+, a folder of a report\n/);
    assert.match(asked.stderr, /\d+\.\d % {2}newest, best\n/);
    assert.ok(asked.stderr.includes('--top 1'), 'the options that were given stay');
    const none = await featuretap(['predict', red], { cwd: dirname(reports) });
    assert.equal(none.status, 2);
    assert.match(none.stderr, basename(reports) === 'reports' ? /newest, best/ : /there are no reports here/);
  });

  test('for a missing path it prints the command with a similar path, or with photos that exist', async () => {
    const near = await featuretap(['predict', '--head', head, red.replace('red-00', 'red-0')]);
    assert.equal(near.status, 1);
    assert.match(
      near.stderr,
      /^there is no such image or folder\n[\s\S]*fix: {6}did you mean \S*red-00\.png\? \S.*red-00\.png\n$/,
    );
    const words = await featuretap(['predict', '--head', head, 'what', 'breed', 'is', 'this'], { cwd: root });
    assert.equal(words.status, 1);
    assert.match(words.stderr, /^none of these is there\n {2}found: {4}what, breed, is, this\n/);
    assert.match(words.stderr, /fix: {6}one that is there: \S.* predict .*--head \S+ \S+\n$/);
    const sentence = await featuretap(['predict', '--head', head, 'what breed is this?'], { cwd: root });
    assert.match(sentence.stderr, /no image matches\n {2}fix: {6}one that is there: /);
  });

  test('quotes a name with spaces that was typed without quotes', async () => {
    await copyFile(red, join(root, 'my own photo.png'));
    const { status, stderr } = await featuretap(['predict', '--head', head, 'my', 'own', 'photo.png'], { cwd: root });
    assert.equal(status, 1);
    assert.match(stderr, /did you mean my own photo\.png\? \S.* ['"]my own photo\.png['"]\n$/);
    await rm(join(root, 'my own photo.png'));
  });

  test('reports a dangling link with its target', { skip: process.platform === 'win32' }, async () => {
    await symlink('other.png', join(root, 'loop.png'));
    await symlink('loop.png', join(root, 'other.png'));
    const { stderr } = await featuretap(['predict', '--head', head, 'loop.png'], { cwd: root });
    assert.match(stderr, /found: {4}loop\.png, a link to other\.png, which leads back to it\n/);
    assert.doesNotMatch(stderr, /did you mean/);
    await rm(join(root, 'other.png'));
    const dangling = await featuretap(['predict', '--head', head, 'loop.png'], { cwd: root });
    assert.match(dangling.stderr, /found: {4}loop\.png, a link to other\.png, where nothing is\n/);
    await rm(join(root, 'loop.png'));
  });

  test('an error about broken or missing images ends with a fix', async () => {
    const { status, stderr } = await featuretap(['predict', '--head', head, red, broken]);
    assert.equal(status, 1);
    assert.match(stderr, /broken\.jpg: .+\n {2}fix: {6}fix or replace these files/);
    const missing = await featuretap(['predict', '--head', head, red, red.replace('00', '0')]);
    assert.match(missing.stderr, /no such file\n {2}fix: {6}did you mean \S*red-00\.png\?/);
  });

  test('reads paths and an image from standard input', async () => {
    const list = spawnFeaturetap(['predict', '--threads', '1', '--head', head, '-'], { input: `${red}\n${blue}\n` });
    assert.equal(list.stdout.trimEnd().split('\n').length, 2);
    const image = spawnFeaturetap(['predict', '--head', head, '-'], { input: await readFile(red) });
    assert.match(image.stdout, /^- {2}red /);
  });

  test('--submission writes a row for every id of the sample, and no file where an id has no image', async () => {
    const sample = join(root, 'sample_submission.csv');
    const header = 'id,red,"off, ""white""",green,blue';
    await writeFile(sample, `${header}\nred-01.png,0.25,0.25,0.25,0.25\nred-00.png,0.25,0.25,0.25,0.25\n`);
    const file = join(root, 'submission.csv');
    const submit = ['predict', '--head', head, '--submission', file, '--sample', sample, trained.data];
    const { status, stderr, stdout } = await featuretap(submit);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, /id = id, one probability per class/);
    assert.match(stderr, /left out: 22 images that the sample does not ask for/);
    const rows = parse(await readFile(file), { columns: true }) as Record<string, string>[];
    assert.deepEqual(rows.map(({ id }) => id).sort(), ['red-00.png', 'red-01.png']);
    assert.deepEqual(Object.keys(rows[0] ?? {}), ['id', 'red', 'off, "white"', 'green', 'blue']);
    for (const { id, ...shares } of rows) {
      const sum = Object.values(shares).reduce((total, share) => total + Number(share), 0);
      assert.ok(Math.abs(sum - 1) < 1e-8, `${id} sums to ${sum}`);
    }
    await rm(file);
    await writeFile(sample, `${header}\nred-00,0.25,0.25,0.25,0.25\nlost,0.25,0.25,0.25,0.25\n`);
    const lacking = await featuretap(submit);
    assert.equal(lacking.status, 1);
    assert.match(lacking.stderr, /no row for lost/);
    assert.ok(!existsSync(file));
  });

  for (const [what, options, message] of [
    ['no head', { images: ['x.jpg'] }, /--head/],
    ['no image', { head: 'H' }, /files, folders, globs/],
    ['a top of nothing', { head: 'H', images: ['x.jpg'], top: '0' }, /--top[\s\S]*from 1/],
    ['--sample alone', { head: 'H', images: ['x.jpg'], sample: 's.csv' }, /--submission FILE\.csv beside it/],
  ] as const) {
    test(`${what} is wrong usage`, async () => {
      await assert.rejects(
        predictVerb.run(options, quietSession),
        (error) => error instanceof UserError && error.exitCode === 2 && message.test(error.message),
      );
    });
  }
});

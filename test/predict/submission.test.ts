import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { plainLayout, readSampleLayout, SubmissionWriter } from '../../src/predict/submission.ts';
import { UserError } from '../../src/system/errors.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'featuretap-submission-'));
});
after(() => rm(folder, { recursive: true, force: true }));

const classes = ['akita', 'beagle', 'collie'];

test("rows come in the sample's column order and sum to 1", async () => {
  const sample = join(folder, 'sample.csv');
  await writeFile(sample, 'id,collie,akita,beagle\nx,0.3,0.3,0.3\ny,0.3,0.3,0.3\n');
  const file = join(folder, 'submission.csv');
  const writer = await SubmissionWriter.open(file, await readSampleLayout(sample, classes), classes);
  await writer.append('x', Float32Array.of(0.1, 0.2, 0.7));
  assert.ok(!existsSync(file), 'no file under its name before it is whole');
  assert.deepEqual(await writer.finish(), ['y']);
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  assert.equal(lines[0], 'id,collie,akita,beagle');
  const [id, ...cells] = (lines[1] as string).split(',');
  assert.equal(id, 'x');
  const values = cells.map(Number);
  assert.ok(Math.abs(values.reduce((a, b) => a + b, 0) - 1) < 1e-8);
  for (const [i, expected] of [0.7, 0.1, 0.2].entries()) assert.ok(Math.abs((values[i] as number) - expected) < 1e-7);
});

test('without a sample the columns are the sorted classes', async () => {
  const file = join(folder, 'plain.csv');
  const writer = await SubmissionWriter.open(file, plainLayout(classes), classes);
  await writer.append('x', [1, 0, 0]);
  assert.deepEqual(await writer.finish(), []);
  assert.equal(await readFile(file, 'utf8'), 'id,akita,beagle,collie\nx,1.00000000,0.00000000,0.00000000\n');
});

for (const [name, header, message] of [
  ['lacks a class', 'id,akita,beagle', /no column for 1 of the head's classes \(collie\)/],
  [
    'asks for a class that the head does not know',
    'id,akita,beagle,collie,dingo',
    /1 columns that are no class of the head \(dingo\)/,
  ],
  ['names a class twice', 'id,akita,beagle,collie,akita', /a column that occurs twice/],
  ['is empty', '', /no column for 3/],
] as const) {
  test(`a sample that ${name} is refused with the difference`, async () => {
    const sample = join(folder, 'other.csv');
    await writeFile(sample, header === '' ? '' : `${header}\n`);
    await assert.rejects(
      readSampleLayout(sample, classes),
      (error) => error instanceof UserError && message.test(error.message),
    );
  });
}

test('two images with one id are refused, and nothing is left behind when the run is abandoned', async () => {
  const file = join(folder, 'twice.csv');
  const writer = await SubmissionWriter.open(file, plainLayout(classes), classes);
  await writer.append('x', [1, 0, 0]);
  await assert.rejects(writer.append('x', [1, 0, 0]), /two images have the same id/);
  await writer.abandon();
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('twice')),
    [],
  );
});

test('a folder that cannot be written to is an error that names the file', async () => {
  await writeFile(join(folder, 'plain-file'), '');
  const file = join(folder, 'plain-file', 'submission.csv');
  await assert.rejects(
    SubmissionWriter.open(file, plainLayout(classes), classes),
    (error) => error instanceof UserError && error.message.includes(dirname(file)) && /fix: /.test(error.message),
  );
});

test('makes the folder of a submission', async () => {
  const file = join(folder, 'new', 'submission.csv');
  const writer = await SubmissionWriter.open(file, plainLayout(classes), classes);
  await writer.finish();
  assert.ok(existsSync(file));
});

test('a second run on the same file is refused before it predicts, and names the first', async () => {
  const file = join(folder, 'shared.csv');
  const first = await SubmissionWriter.open(file, plainLayout(classes), classes);
  await assert.rejects(
    SubmissionWriter.open(file, plainLayout(classes), classes),
    new RegExp(`another process is writing this file[\\s\\S]*process ${process.pid} on this machine`),
  );
  await first.append('x', [1, 0, 0]);
  await first.finish();
  assert.match(await readFile(file, 'utf8'), /^id.*\nx,.*\n$/);
});

test('a folder in the place of the file is refused before anything is predicted', async () => {
  await mkdir(join(folder, 'a-folder'));
  await assert.rejects(
    SubmissionWriter.open(join(folder, 'a-folder'), plainLayout(classes), classes),
    /a folder, not a file/,
  );
});

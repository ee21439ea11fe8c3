import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Classification } from '../../../src/predict/predict.ts';
import { plainLayout, readSampleLayout, type SampleOptions } from '../../../src/predict/submission/layout.ts';
import { SampleIds, SubmissionWriter, type SubmittedImage } from '../../../src/predict/submission/writer.ts';
import { UserError } from '../../../src/system/errors.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const folder = temporaryFolder();
let drawn = 0;

const classes = ['akita', 'beagle', 'collie'];
const image = (name: string): SubmittedImage => ({ id: name.replace(/\.\w+$/, ''), relativePath: `test/${name}` });

async function writerFor(
  sample: string,
  of: readonly string[] = classes,
  options?: SampleOptions,
): Promise<{ readonly writer: SubmissionWriter; readonly file: string; readonly said: string }> {
  const sampleFile = join(folder, `sample-${drawn}.csv`);
  await writeFile(sampleFile, sample);
  const file = join(folder, `submission-${drawn++}.csv`);
  const layout = await readSampleLayout(sampleFile, of, options);
  return { writer: await SubmissionWriter.open(file, layout, of), file, said: layout.reading };
}

async function assertNothingLeft(file: string): Promise<void> {
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith(basename(file, '.csv'))),
    [],
  );
}

const answer = (...shares: readonly number[]): Classification => {
  const probabilities = Float32Array.from(shares);
  return { probabilities, predicted: probabilities.indexOf(Math.max(...probabilities)) };
};

/** The file written for a sample and one prediction for each of its images. */
async function written(
  sample: string,
  images: Readonly<Record<string, readonly number[]>>,
  of?: readonly string[],
  options?: SampleOptions,
): Promise<string> {
  const { writer, file } = await writerFor(sample, of, options);
  for (const [name, probabilities] of Object.entries(images))
    await writer.append(image(name), answer(...probabilities));
  assert.ok(!existsSync(file), 'no file under its name before it is whole');
  await writer.finish();
  return readFile(file, 'utf8');
}

test("rows have the sample's column order and sum to 1", async () => {
  const text = await written('id,collie,akita,beagle\nx,0.3,0.3,0.3\n', {
    'x.jpg': Float32Array.of(0.1, 0.2, 0.7) as never,
  });
  const lines = text.trim().split('\n');
  assert.equal(lines[0], 'id,collie,akita,beagle');
  const [id, ...cells] = (lines[1] as string).split(',');
  assert.equal(id, 'x');
  const values = cells.map(Number);
  assert.ok(Math.abs(values.reduce((a, b) => a + b, 0) - 1) < 1e-8);
  for (const [i, expected] of [0.7, 0.1, 0.2].entries()) assert.ok(Math.abs((values[i] as number) - expected) < 1e-7);
});

test('the sample sets the form of the ids: with an extension, without, or with folders', async () => {
  const answer = [0, 0, 1];
  assert.match(await written('id,label\n24.jpg,akita\n', { '24.jpg': answer }), /^24\.jpg,collie$/m);
  assert.match(await written('id,label\n24,akita\n', { '24.jpg': answer }), /^24,collie$/m);
  assert.match(await written('id,label\n24.png,akita\n', { '24.jpg': answer }), /^24\.png,collie$/m);
  assert.match(await written('id,label\ntest/24.jpg,akita\n', { '24.jpg': answer }), /^test\/24\.jpg,collie$/m);
  assert.match(await written('id,label\ntest\\24,akita\n', { '24.jpg': answer }), /^test\\24,collie$/m);
});

test('the id that matches more of a path is used, and none where two match equally', () => {
  const ids = new SampleIds(['a/1.jpg', 'b/1.jpg', '2.jpg', '2.png', '3']);
  assert.equal(ids.idOf('test/b/1.jpg'), 'b/1.jpg');
  assert.equal(ids.idOf('c/1.jpg'), undefined);
  assert.equal(ids.idOf('2.png'), '2.png');
  assert.equal(ids.idOf('2.gif'), undefined);
  assert.equal(ids.idOf('x/3.jpeg'), '3');
});

test('one column beside the id is filled like the sample: with a name, or with a number', async () => {
  const images = { 'a.jpg': [0.1, 0.7, 0.2], 'b.jpg': [0.2, 0.1, 0.7] };
  assert.equal(await written('image_id,breed\na,akita\nb,akita\n', images), 'image_id,breed\na,beagle\nb,collie\n');
  assert.equal(await written('file,target\na,0\nb,0\n', images), 'file,target\na,1\nb,2\n');
});

test('the id may be the last column', async () => {
  assert.equal(await written('label,image_id\nakita,a\n', { 'a.jpg': [0, 1, 0] }), 'label,image_id\nbeagle,a\n');
});

test('a binary contest takes one probability: of the second class, of the header, or of --positive', async () => {
  const pair = ['cat', 'dog'];
  const images = { '1.jpg': [0.25, 0.75] };
  assert.equal(await written('id,label\n1,0.5\n', images, pair), 'id,label\n1,0.750000000\n');
  assert.equal(await written('id,cat\n1,0.5\n', images, pair), 'id,cat\n1,0.250000000\n');
  assert.equal(await written('id,label\n1,0.5\n', images, pair, { positive: 'cat' }), 'id,label\n1,0.250000000\n');
  assert.equal(await written('id,label\n1,0\n', images, pair), 'id,label\n1,1\n');
  assert.equal(await written('id,label\n1,0\n', images, pair, { answer: 'probability' }), 'id,label\n1,0.750000000\n');
});

test('reports how the sample was read', async () => {
  const { writer, said } = await writerFor('image_id,label\n1,0.5\n', ['cat', 'dog']);
  assert.equal(said, 'id = image_id, label = the probability of dog');
  await writer.abandon();
});

test('a column that cannot be interpreted is an error with the possible readings', async () => {
  await assert.rejects(writerFor('id,label\n1,scab rust\n'), (error: UserError) => {
    assert.equal(error.exitCode, 2);
    assert.match(error.message, /"scab rust"/);
    assert.match(error.message, /--submission-as name \| number \| probability/);
    return true;
  });
});

test('an id without an image ends with the list and leaves no file', async () => {
  const { writer, file } = await writerFor('id,label\nx,akita\ny,akita\nz,akita\n');
  await writer.append(image('x.jpg'), answer(1, 0, 0));
  await assert.rejects(writer.finish([{ path: 'test/y.jpg', reason: 'broken JPEG' }]), (error: UserError) => {
    assert.equal(error.exitCode, 1);
    assert.match(error.message, /2 of the 3 ids/);
    assert.match(error.message, /no row for y, z; test\/y\.jpg: broken JPEG/);
    return true;
  });
  await writer.abandon();
  await assertNothingLeft(file);
});

test('images that the sample does not have are counted and left out', async () => {
  const { writer, file } = await writerFor('id,label\nx,akita\n');
  for (const name of ['x.jpg', 'y.jpg']) await writer.append(image(name), answer(1, 0, 0));
  await writer.finish();
  assert.equal(writer.foreignCount, 1);
  assert.equal(await readFile(file, 'utf8'), 'id,label\nx,akita\n');
});

test('without a sample the columns are the sorted classes', async () => {
  const file = join(folder, 'plain.csv');
  const writer = await SubmissionWriter.open(file, plainLayout(classes), classes);
  await writer.append(image('x.jpg'), answer(1, 0, 0));
  await writer.finish();
  assert.equal(await readFile(file, 'utf8'), 'id,akita,beagle,collie\nx,1.00000000,0.00000000,0.00000000\n');
});

for (const [name, header, message] of [
  ['lacks a class', 'id,akita,beagle', /no column for 1 of the head's classes \(collie\)/],
  [
    'asks for a class that the head does not know',
    'id,akita,beagle,collie,dingo',
    /1 column that is no class of the head \(dingo\)/,
  ],
  ['names a class twice', 'id,akita,beagle,collie,akita', /a column that occurs twice/],
  ['is empty', '', /no column for 3/],
] as const) {
  test(`a sample that ${name} is rejected with the difference`, async () => {
    const sample = join(folder, 'other.csv');
    await writeFile(sample, header === '' ? '' : `${header}\n`);
    await assert.rejects(
      readSampleLayout(sample, classes),
      (error) => error instanceof UserError && message.test(error.message),
    );
  });
}

test('two images with one id are rejected, and an abandoned run leaves no file', async () => {
  const file = join(folder, 'twice.csv');
  const writer = await SubmissionWriter.open(file, plainLayout(classes), classes);
  await writer.append(image('x.jpg'), answer(1, 0, 0));
  await assert.rejects(writer.append(image('x.png'), answer(1, 0, 0)), /two images have the same id/);
  await writer.abandon();
  await assertNothingLeft(file);
});

test('a folder that cannot be written to is an error that names the file', async () => {
  await writeFile(join(folder, 'plain-file'), '');
  const file = join(folder, 'plain-file', 'submission.csv');
  await assert.rejects(
    SubmissionWriter.open(file, plainLayout(classes), classes),
    (error) => error instanceof UserError && error.message.includes(dirname(file)) && /fix: /.test(error.message),
  );
});

test('creates the folder of a submission', async () => {
  const file = join(folder, 'new', 'submission.csv');
  const writer = await SubmissionWriter.open(file, plainLayout(classes), classes);
  await writer.finish();
  assert.ok(existsSync(file));
});

test("a second run with the same file is rejected before it predicts, with the first one's name", async () => {
  const file = join(folder, 'shared.csv');
  const first = await SubmissionWriter.open(file, plainLayout(classes), classes);
  await assert.rejects(
    SubmissionWriter.open(file, plainLayout(classes), classes),
    new RegExp(`another process is writing this file[\\s\\S]*process ${process.pid} on this machine`),
  );
  await first.append(image('x.jpg'), answer(1, 0, 0));
  await first.finish();
  assert.match(await readFile(file, 'utf8'), /^id.*\nx,.*\n$/);
});

test('a folder in place of the file is rejected before any prediction', async () => {
  await mkdir(join(folder, 'a-folder'));
  await assert.rejects(
    SubmissionWriter.open(join(folder, 'a-folder'), plainLayout(classes), classes),
    /a folder, not a file/,
  );
});

test('overwrites an earlier submission, but no other table', async () => {
  const labels = join(folder, 'labels.csv');
  await writeFile(labels, 'id,breed\nx,akita\n');
  const layout = plainLayout(classes);
  await assert.rejects(
    SubmissionWriter.open(labels, layout, classes),
    /holds something else[\s\S]*id,breed[\s\S]*--submission OTHER\.csv/,
  );
  assert.equal(await readFile(labels, 'utf8'), 'id,breed\nx,akita\n');
  const file = join(folder, 'twice.csv');
  for (const probability of [0.1, 0.2]) {
    const writer = await SubmissionWriter.open(file, layout, classes);
    await writer.append(image('x.jpg'), answer(probability, 0.3, 0.7 - probability));
    await writer.finish();
  }
  assert.match(await readFile(file, 'utf8'), /^x,0\.2/m);
});

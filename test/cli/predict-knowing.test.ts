import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import sharp from 'sharp';
import type { Report } from '../../src/classify/result/report.ts';
import { type TrainedHeads, trainHeads } from '../predict/trained.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type Ran, featuretap as run } from './command.ts';

const root = temporaryFolder();
let trained: TrainedHeads;
let head: string;
let red: string;
before(async () => {
  trained = await trainHeads(root, { models: [['linear', { calibrate: 'temperature' }]], perClass: 10 });
  head = (trained.reports[0] as Report).report;
  red = join(trained.data, 'red', 'red-00.png');
});

/** With one thread: a second one takes longer to start than these photos to decode. */
const featuretap = ([verb = '', ...args]: readonly string[]): Promise<Ran> => run([verb, '--threads', '1', ...args]);

interface Image {
  readonly top: readonly { readonly class: string }[];
  readonly set?: readonly string[];
  readonly large?: boolean;
  readonly answer?: string | null;
}

function imagesOf(stdout: string): readonly Image[] {
  return (JSON.parse(stdout) as { images: Image[] }).images;
}

/**
 * The head with other calibration scores in its report, so that their quantiles and the sets are known.
 *
 * @param trained training photos of each class
 */
async function withScores(name: string, scores: readonly number[] | undefined, trained?: number): Promise<string> {
  const folder = join(root, name);
  await cp(head, folder, { recursive: true });
  const { conformal, ...report } = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')) as Report;
  const perClass = report.perClass.map((figures) => ({ ...figures, trained: trained ?? figures.trained }));
  const changed = { ...report, perClass, ...(scores && { conformal: { ...conformal, scores } }) };
  await writeFile(join(folder, 'report.json'), JSON.stringify(changed));
  return folder;
}

describe('featuretap predict', () => {
  test('--coverage gives larger sets for higher coverage, and prints how many classes they hold', async () => {
    const { status, stdout, stderr } = await featuretap(['predict', '--head', head, '--coverage', '0.8', red]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /red-00\.png {2}\d of 4 classes.*: red \d+\.\d %/);
    const sizes: number[] = [];
    for (const coverage of ['0.3', '0.9']) {
      const args = ['predict', '--head', head, '--json', '--coverage', coverage, red];
      sizes.push(imagesOf((await featuretap(args)).stdout)[0]?.set?.length ?? 0);
    }
    assert.ok((sizes[0] as number) >= 1 && (sizes[0] as number) <= (sizes[1] as number), sizes.join(' '));
  });

  test('--abstain answers with a set of one class, and calls a larger one not sure', async () => {
    const sure = await withScores('sure', Array(30).fill(0));
    const unsure = await withScores('unsure', Array(30).fill(1.5));
    const ask = async (folder: string, ...more: string[]): Promise<string> =>
      (await featuretap(['predict', '--head', folder, '--abstain', ...more, red])).stdout;
    assert.match(await ask(sure), /red-00\.png {2}red \d+\.\d %\n$/);
    assert.match(await ask(unsure), /red-00\.png {2}not sure\n$/);
    assert.match(await ask(unsure, '--csv'), /red-00,1,not sure,\n$/);
    assert.equal(imagesOf(await ask(sure, '--json'))[0]?.answer, 'red');
    const [image] = imagesOf(await ask(unsure, '--json'));
    assert.deepEqual([image?.answer, image?.set?.length, image?.large, image?.top.length], [null, 4, true, 4]);
  });

  test('a coverage for which there are too few calibration rows gives sets of all classes and a warning', async () => {
    const few = await withScores('few', [0, 0, 0.2], 2);
    const { stdout, stderr } = await featuretap(['predict', '--head', few, '--coverage', '95%', red]);
    assert.match(stdout, /4 of 4 classes \(a large set\)/);
    assert.match(stderr, /3 calibration rows are too few for a coverage of 0\.95, which takes 19/);
    const finer = await featuretap(['predict', '--head', few, '--coverage', '99.9%', red]);
    assert.match(finer.stderr, /too few for a coverage of 0\.999, which takes 999/);
    assert.match(
      stderr,
      /the probabilities rest on too few training photos: 8 of 8 share their class with another one/,
    );
  });

  test('a report of an older version still predicts, and --coverage asks to run classify again', async () => {
    const old = await withScores('old', undefined);
    const plain = await featuretap(['predict', '--head', old, red]);
    assert.equal(plain.stdout, (await featuretap(['predict', '--head', head, red])).stdout);
    assert.equal(plain.status, 0);
    assert.doesNotMatch(plain.stderr, /too few training photos/);
    const { status, stdout, stderr } = await featuretap(['predict', '--head', old, '--coverage', '0.95', red]);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /no conformal scores: an older version[\s\S]*fix: .*classify/);
  });

  test('rejects --coverage with a submission, and values that are not a share', async () => {
    const submission = ['--submission', join(root, 'made.csv')];
    const both = await featuretap(['predict', '--head', head, '--abstain', ...submission, red]);
    assert.equal(both.status, 2);
    assert.match(both.stderr, /--abstain is not usable/);
    assert.equal((await featuretap(['predict', '--head', head, '--coverage', '1', red])).status, 2);
  });
});

describe('featuretap predict with nearest training photos', () => {
  test('--why finds a training photo as its own nearest, and without the option none is printed', async () => {
    const [report] = trained.reports;
    const names = ['red', 'green', 'blue'].flatMap((name) =>
      Array.from({ length: 10 }, (_, i) => [name, `${name}-${String(i).padStart(2, '0')}`] as const),
    );
    const paths = names.map(([name, id]) => join(trained.data, name, `${id}.png`));
    const { stdout, stderr } = await featuretap(['predict', '--head', head, '--json', '--why', ...paths]);
    const { images } = JSON.parse(stdout) as {
      images: { id: string; like: { id: string; label: string; similarity: number }[] }[];
    };
    // Training photos are their own nearest ones, test photos are not.
    const own = images.filter(
      ({ id, like }) => like[0]?.id.split('/')[1] === id && Math.abs(like[0].similarity - 1) < 1e-5,
    );
    const counts = report?.perClass
      .filter(({ name }) => names.some(([own]) => own === name))
      .map((c) => c.trained ?? 0);
    assert.equal(
      own.length,
      counts?.reduce((sum, count) => sum + count, 0),
      stderr,
    );
    for (const { like } of images) {
      assert.equal(like.length, 3);
      for (const { id, label } of like) assert.equal(label, id.split('/')[0]);
    }
    assert.match(
      (await featuretap(['predict', '--head', head, '--why', red])).stdout,
      /%\n {4}like \S+ \(.+, \d\.\d{3}\), /,
    );
  });

  test('--unlike marks a photo of something that was not trained on and --abstain is not sure of it, but not of a typical photo', async () => {
    const strange = join(root, 'strange.png');
    const pixels = Uint8Array.from({ length: 96 * 96 * 3 }, (_, i) => ((i >> 3) % 2 === 0 ? 255 : 0));
    await sharp(pixels, { raw: { width: 96, height: 96, channels: 3 } })
      .png()
      .toFile(strange);
    const sure = await withScores('sure of all', Array(30).fill(0));
    const answers = (await featuretap(['predict', '--head', sure, '--abstain', red, strange])).stdout;
    assert.match(
      answers,
      /red-00\.png {2}red [\d.]+ %\n.*strange\.png {2}not sure {2}\(unlike the training photos\)\n$/,
    );
    const { stdout } = await featuretap(['predict', '--head', head, '--unlike', '--top', '1', red, strange]);
    assert.match(stdout, /red-00\.png {2}red [\d.]+ %\n.*strange\.png {2}.* %\s{2}\(unlike the training photos\)\n$/);
    const csv = (await featuretap(['predict', '--head', head, '--unlike', '--top', '1', '--csv', red, strange])).stdout;
    assert.match(csv, /^path,id,rank,class,probability,unlike\n.*,false\n.*,true\n$/);
  });

  test('reports missing or changed features before any photo is read', async () => {
    const gone = join(root, 'gone');
    await cp(head, gone, { recursive: true });
    const file = join(gone, 'report.json');
    const report = JSON.parse(await readFile(file, 'utf8')) as Report;
    const featureSet = { ...report.featureSet, folder: join(root, 'no such set') };
    await writeFile(file, JSON.stringify({ ...report, featureSet }));
    const without = await featuretap(['predict', '--head', gone, '--unlike', red]);
    assert.deepEqual([without.status, without.stdout], [1, '']);
    assert.match(without.stderr, /the features of the training photos are gone[\s\S]*no such set/);
    assert.equal((await featuretap(['predict', '--head', gone, red])).status, 0);
    const abstains = await featuretap(['predict', '--head', gone, '--abstain', red]);
    assert.equal(abstains.status, 0);
    assert.match(abstains.stderr, /unlike the training photos are answered too: the features .* are gone/);
    await writeFile(file, JSON.stringify({ ...report, splitHash: '0'.repeat(64) }));
    const other = await featuretap(['predict', '--head', gone, '--why', red]);
    assert.equal(other.status, 1);
    assert.match(other.stderr, /no longer matches the photos that the head was trained on/);
  });
});

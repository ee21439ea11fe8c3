import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { parse } from 'csv-parse/sync';
import { firstRows, fixture, type Golden, readNpyRows, worstRow } from '../extract/backbone/fixtures.ts';
import { needsReference, projectRoot, reference } from '../reference.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { featuretap, type Ran } from './command.ts';

const weights = reference('weights/resnet50-pqf.safetensors');
const dogs = reference('dogs');
/**
 * With FEATURETAP_PHOTOS=all all 1,000 photos; else the 133 photos of the golden file's breeds, since every photo's
 * pixels and each head have tests of their own. Photos with known PyTorch features are run at 224 pixels, and all of
 * them for the heads at the golden file's size.
 */
const everything = process.env['FEATURETAP_PHOTOS'] === 'all';
/** Two threads wait for each other and need a quarter more processor time, in which another file can be tested. */
const threads = everything ? [] : ['--threads', '1'];
/** Written by scripts/fixtures/real_photos.py. */
const someBreeds = join(projectRoot, 'test/fixtures/classify/real-photos.json');
const skip = needsReference('weights/resnet50-pqf.safetensors', 'dogs/train', 'dogs/test', 'reference/accuracy.json');

interface Reference {
  /** Title suffix that names the photos used, unless all are. */
  readonly breeds?: readonly string[];
  /** Crop size of the network's input; default: resize 256, crop 224. */
  readonly resize?: number;
  readonly crop?: number;
  readonly heads: Readonly<Record<string, { readonly accuracy_mean: number }>>;
}
/**
 * Accuracies are means of five splits with 200 test images each (27 for the breeds); scikit-learn's own vary by 2 to 4
 * points.
 */
const tolerance = 0.015;
/**
 * For the breeds, a forest has more trees to compensate for fewer test images; its golden value is the mean of ten
 * seeds.
 */
const trees = everything ? 300 : 1200;
const forestTolerance = everything ? tolerance : 0.03;
/** Heads in `reference/accuracy.json` and the golden file, and their options here. */
const heads: Readonly<Record<string, readonly string[]>> = {
  'linear: LogisticRegression(C=1)': ['--model', 'linear', '--C', '1'],
  'svm: LinearSVC(C=0.1)': ['--model', 'svm', '--solver', 'linearsvc', '--C', '0.1'],
  'svm: SVC(linear, C=1)': ['--model', 'svm', '--kernel', 'linear', '--C', '1'],
  'svm: SVC(rbf, C=10, gamma=scale)': ['--model', 'svm', '--kernel', 'rbf', '--C', '10', '--gamma', 'scale'],
  [`forest: RandomForestClassifier(${trees})`]: ['--model', 'forest', '--trees', String(trees)],
};

const readTable = async (path: string): Promise<Record<string, string>[]> =>
  parse(await readFile(path), { columns: true });
const readJson = async (path: string) => JSON.parse(await readFile(path, 'utf8'));
const grouped = (count: number): string => count.toLocaleString('en-US');

/** A data folder `dogs` with the given training photos, three test photos, and the whole labels.csv. */
async function copyPhotos(ids: readonly string[], to: string): Promise<void> {
  const tests = (await readdir(join(dogs, 'test'))).sort().slice(0, 3);
  const files = [...ids.map((id) => join('train', `${id}.jpg`)), ...tests.map((photo) => join('test', photo))];
  for (const folder of ['train', 'test']) await mkdir(join(to, folder), { recursive: true });
  for (const file of ['labels.csv', ...files]) await copyFile(join(dogs, file), join(to, file));
}

/** The rows with the given numbers. */
function rowsAt({ shape, data }: Golden, places: readonly number[]): Golden {
  const length = shape[1] as number;
  const rows = places.flatMap((place) => [...data.subarray(place * length, (place + 1) * length)]);
  return { shape: [places.length, length], data: Float32Array.from(rows) };
}

describe('the whole pipeline on real photos', { skip }, () => {
  const root = temporaryFolder();
  /** All photos of the reference in the order of labels.csv, and those that are run at 224 pixels. */
  let all: readonly string[] = [];
  let ids: readonly string[] = [];
  let data = dogs;
  /** The photos that the heads are trained on, and their feature set. */
  let headIds: readonly string[] = [];
  const headSet = everything ? 'dogs' : 'heads';
  let known: Reference = { heads: {} };
  const run = (...args: readonly string[]): Promise<Ran> => featuretap(args, { cwd: root });
  const extract = (from: string, ...more: readonly string[]): Promise<Ran> =>
    run('extract', '--data', from, '--weights', weights, '--device', 'cpu', ...threads, ...more);
  /** Report folder of each head, by its name in the reference. */
  const reports = new Map<string, string>();

  before(async () => {
    all = await readJson(reference('reference/dogs-ids.json'));
    known = await readJson(everything ? reference('reference/accuracy.json') : someBreeds);
    const labels = await readTable(join(dogs, 'labels.csv'));
    const breedOf = new Map(labels.map(({ id, breed }) => [id, breed ?? '']));
    headIds = all.filter((id) => known.breeds?.includes(breedOf.get(id) ?? '') ?? true);
    ids = everything ? all : headIds.filter((id) => all.indexOf(id) < 100);
    if (everything) return;
    data = join(root, 'photos/dogs');
    await copyPhotos(ids, data);
    const heads = join(root, 'photos/heads');
    await copyPhotos(headIds, heads);
    const lines = headIds.map((id) => `${id},${breedOf.get(id)}\n`);
    await writeFile(join(heads, 'labels.csv'), `id,breed\n${lines.join('')}`);
  });

  it('stops before any image is read where labels.csv names 10,222 images and few exist', async () => {
    const { status, stdout, stderr } = await extract(data);
    assert.equal(status, 1);
    assert.equal(stdout, '');
    assert.ok(stderr.includes(`names 10,222 images of which ${grouped(ids.length)} are there`), stderr);
    assert.ok(stderr.includes(`${grouped(10_222 - ids.length)} missing: `), stderr);
    assert.match(stderr, /,\d{3} missing: \w{32}, \w{32}, .*…[\s\S]*--allow-missing/);
    assert.deepEqual(await readdir(root), everything ? [] : ['photos']);
  });

  it('extracts rows in the order of labels.csv, records missing files, and equals PyTorch within 1e-4', async () => {
    const { status, stdout, stderr } = await extract(data, '--allow-missing', '--json');
    assert.equal(status, 0, stderr);
    const { counts, newImages, leftOut } = JSON.parse(stdout);
    const nothing = { duplicate: 0, unreadable: 0, failed: 0 };
    const tests = (await readdir(join(data, 'test'))).length;
    const missing = 10_222 - ids.length;
    assert.deepEqual(counts, { ...nothing, kept: ids.length, missing, total: 10_222, leftOut: tests });
    assert.deepEqual([newImages, leftOut.unlabelled], [ids.length, tests]);
    assert.deepEqual(
      (await readTable(join(root, 'cache/dogs/index.csv'))).map(({ id }) => id),
      ids,
    );
    const outcomes = await readTable(join(root, 'cache/dogs/outcomes.csv'));
    assert.equal(outcomes.filter(({ outcome }) => outcome === 'missing').length, missing);
    const rows = readNpyRows(join(root, 'cache/dogs/features-00000.npy'), [2048]);
    assert.deepEqual(rows.shape, [ids.length, 2048]);
    const expected = readNpyRows(reference('reference/dogs-first-100-features.npy'), [2048]);
    assert.deepEqual(expected.shape, [100, 2048]);
    const places = ids.map((id) => all.indexOf(id)).filter((place) => place < 100);
    assert.ok(places.length >= 15, `${places.length} of the 100 are here`);
    const worst = worstRow(firstRows(rows, places.length), rowsAt(expected, places));
    assert.ok(worst < 1e-4, `worst row off by ${worst}`);
  });

  it('does not run the network a second time, and says so', async () => {
    const { status, stdout, stderr } = await extract(data, '--allow-missing');
    assert.equal(status, 0, stderr);
    const { length } = ids;
    assert.ok(stdout.includes(`\n0 new, ${length} kept; ${10_222 - length} missing; 10222 inputs`), stdout);
    assert.match(stdout, /^nothing to compute: the network did not run$/m);
    assert.doesNotMatch(stderr, /device/);
  });

  it('keeps whole feature maps with --pool none, equal to PyTorch within 1e-4', async () => {
    const two = join(root, 'two');
    await mkdir(two);
    for (const id of all.slice(0, 2)) await copyFile(join(dogs, 'train', `${id}.jpg`), join(two, `${id}.jpg`));
    const { status, stderr } = await extract(two, '--pool', 'none');
    assert.equal(status, 0, stderr);
    const index = await readTable(join(root, 'cache/two/index.csv'));
    assert.deepEqual(
      index.map(({ id }) => id),
      all.slice(0, 2),
    );
    const shape = [2048, 7, 7];
    const expected = readNpyRows(reference('reference/dogs-first-2-maps.npy'), shape);
    const worst = worstRow(readNpyRows(join(root, 'cache/two/features-00000.npy'), shape), expected);
    assert.ok(worst < 1e-4, `worst map off by ${worst}`);
  });

  it('extracts photos at the size given', {
    skip: everything && 'skipped: FEATURETAP_PHOTOS=all takes the photos at 224 pixels alone',
  }, async () => {
    const size = ['--resize', String(known.resize), '--crop', String(known.crop)];
    const { status, stdout, stderr } = await extract(join(root, 'photos/heads'), '--json', ...size);
    assert.equal(status, 0, stderr);
    assert.equal(JSON.parse(stdout).newImages, headIds.length);
  });

  for (const [name, asked] of Object.entries(heads)) {
    const most = name.startsWith('forest') ? forestTolerance : tolerance;
    it(`has the accuracy of scikit-learn's ${name.replace(/.*: /, '')} within ${100 * most} points`, async () => {
      // Calibration changes no prediction, and takes five more fits.
      const split = ['--test-size', '0.2', '--repeats', '5', '--seed', '0', '--calibrate', 'none'];
      const features = ['--features', join('cache', headSet), '--json'];
      const { status, stdout, stderr } = await run('classify', ...asked, ...split, ...features, ...threads);
      assert.equal(status, 0, stderr);
      const [{ accuracy, classes, trainSize, testSize, perRepeat, report }] = JSON.parse(stdout);
      const tests = Math.ceil(headIds.length / 5);
      const sizes = [known.breeds?.length ?? 120, headIds.length - tests, tests, 5];
      assert.deepEqual([classes.length, trainSize, testSize, perRepeat.length], sizes);
      reports.set(name, report);
      const expected = known.heads[name]?.accuracy_mean ?? Number.NaN;
      assert.ok(Math.abs(accuracy - expected) < most, `${accuracy} against ${expected}`);
    });
  }

  it('ranks the heads, which were tested on one split', async () => {
    const { status, stdout, stderr } = await run('compare', '--json');
    assert.equal(status, 0, stderr);
    const { comparable, groups } = JSON.parse(stdout);
    assert.deepEqual([comparable, groups.length], [true, 1]);
    const accuracies = groups[0].reports.map(({ accuracy }: { readonly accuracy: number }) => accuracy);
    assert.equal(accuracies.length, Object.keys(heads).length);
    assert.deepEqual(
      accuracies,
      accuracies.toSorted((a: number, b: number) => b - a),
    );
  });

  it('predicts new photos, and rejects another backbone than that of the features', async () => {
    const head = reports.get('svm: SVC(linear, C=1)') ?? '';
    const photos = (await readdir(join(data, 'test'))).sort().slice(0, 3);
    const paths = photos.map((photo) => join(data, 'test', photo));
    const { status, stdout, stderr } = await run('predict', '--head', head, '--json', ...threads, ...paths);
    assert.equal(status, 0, stderr);
    const { images } = JSON.parse(stdout);
    assert.deepEqual(
      images.map(({ id }: { readonly id: string }) => `${id}.jpg`),
      photos,
    );
    for (const { top } of images) {
      assert.equal(top.length, 5);
      assert.ok(top[0].probability >= top[4].probability && top[0].probability <= 1);
    }
    const other = await run('predict', '--head', head, '--weights', fixture('resnet-tiny.safetensors'), paths[0] ?? '');
    assert.equal(other.status, 1);
    assert.match(other.stderr, /trained on features of another backbone/);
    assert.equal(other.stdout, '');
  });
});

import assert from 'node:assert/strict';
import { mkdir, readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { makeDrawnSet } from '../classify/drawn-set.ts';
import { projectRoot } from '../reference.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type Ran, featuretap as run, stopFeaturetap } from './command.ts';

const root = temporaryFolder();
before(async () => {
  await mkdir(join(root, 'cache'));
  await makeDrawnSet(join(root, 'cache', 'older'), { rows: 40 });
  await utimes(join(root, 'cache', 'older', 'manifest.json'), 1, 1);
  await makeDrawnSet(join(root, 'cache', 'drawn'), { rows: 80, weights: 'random:resnet-tiny' });
});

/** Runs the command in the folder of the sets, with one thread: at these sizes two only wait for each other. */
const featuretap = (args: readonly string[]): Promise<Ran> =>
  run(args[0] === 'classify' ? [...args, '--threads', '1'] : args, { cwd: root });

test('--json prints one document per model on stdout and nothing else there', async () => {
  const { status, stdout, stderr } = await featuretap(
    'classify --model linear --model forest --trees 5 --test-size 0.25 --repeats 2 --json'.split(' '),
  );
  assert.equal(status, 0, stderr);
  const documents: readonly Readonly<Record<string, unknown>>[] = JSON.parse(stdout);
  assert.deepEqual(
    documents.map((document) => document['model']),
    ['linear', 'forest'],
  );
  for (const document of documents) {
    const fields =
      'model solver params accuracy top5Accuracy logLoss macroF1 balancedAccuracy perRepeat classes trainSize testSize seed fitSeconds predictSeconds features report';
    for (const name of fields.split(' ')) assert.ok(name in document, `${name} is missing`);
    assert.equal((document['perRepeat'] as readonly unknown[]).length, 2);
  }
  assert.match(stderr, /features: cache.drawn, the newest of 2/);
  assert.match(stderr, /say nothing about pretrained features/);
});

test('several --features train every head on each set with one split, and compare ranks them together', async () => {
  await makeDrawnSet(join(root, 'network'), { rows: 80, dims: 10, weightsSha256: 'b'.repeat(64) });
  const asked = 'classify --features cache/drawn --features network --model knn,svm --test-size 0.25 --json';
  const { status, stdout, stderr } = await featuretap([...asked.split(' '), '--out', 'networks']);
  assert.equal(status, 0, stderr);
  const folders = (JSON.parse(stdout) as readonly { report: string }[]).map(({ report }) => report);
  assert.equal(folders.length, 4);
  const reports = await Promise.all(
    folders.map(async (folder) => JSON.parse(await readFile(join(root, folder, 'report.json'), 'utf8'))),
  );
  for (const name of ['splitHash', 'imagesSha256'])
    assert.equal(new Set(reports.map((report) => report[name])).size, 1);
  assert.equal(new Set(reports.map(({ features }) => features)).size, 2);
  const compared = JSON.parse((await featuretap(['compare', 'networks', '--json'])).stdout);
  assert.equal(compared.comparable, true);
  assert.equal(compared.groups[0].verdicts.length, 6);
  assert.equal(compared.groups[0].networks.length, 1);
  assert.equal((await featuretap(['compare', 'networks'])).status, 0, 'the page');
});

test('--features A+B trains on both side by side, is compared with A alone, and predict needs the weights of both', async () => {
  await makeDrawnSet(join(root, 'beside'), {
    rows: 80,
    dims: 10,
    weights: 'random:resnet-tiny',
    weightsSha256: 'c'.repeat(64),
  });
  const asked =
    'classify --features drawn --features drawn+beside --model knn --test-size 0.25 --json --out beside-reports';
  const { status, stdout, stderr } = await featuretap(asked.split(' '));
  assert.equal(status, 0, stderr);
  const [, both] = JSON.parse(stdout) as readonly { report: string }[];
  assert.match(both?.report ?? '', /^beside-reports.drawn\+beside.knn-/);
  const compared = JSON.parse((await featuretap(['compare', 'beside-reports', '--json'])).stdout);
  assert.equal(compared.groups[0].networks.length, 1);
  assert.equal((await featuretap(['compare', 'beside-reports'])).status, 0, 'the page');
  const refused = await featuretap([
    'predict',
    '--head',
    both?.report ?? '',
    join(projectRoot, 'test/fixtures/pixels/gray.jpg'),
  ]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /features of another backbone: its predictions would be meaningless/);
});

test('rejects the same features twice, alone or side by side', async () => {
  for (const features of [['drawn', 'drawn'], ['drawn+drawn'], ['drawn+']]) {
    const { status } = await featuretap([
      'classify',
      '--model',
      'knn',
      ...features.flatMap((each) => ['--features', each]),
    ]);
    assert.equal(status, 2, features.join(' '));
  }
});

test('rejects a matrix together with other features', async () => {
  const { status, stderr } = await featuretap(
    'classify --features cache/drawn --features x.npy --model knn'.split(' '),
  );
  assert.equal(status, 2);
  assert.match(stderr, /x\.npy beside others/);
});

test('--check-labels prints how many labels may be wrong, lists them, and rejects random weights', async () => {
  const asked = 'classify --features cache/older --model svm --model knn --test-size 0.25 --check-labels --json';
  const { status, stdout, stderr } = await featuretap(asked.split(' '));
  assert.equal(status, 0, stderr);
  const documents: readonly Readonly<Record<string, unknown>>[] = JSON.parse(stdout);
  const found = documents.filter((document) => 'labelCheck' in document);
  assert.equal(found.length, 1, 'one head looks');
  const { report, labelCheck } = found[0] as { report: string; labelCheck: Readonly<Record<string, number>> };
  const { folds, images, suspected } = labelCheck;
  assert.deepEqual([folds, images], [5, 40]);
  const list = await readFile(join(root, report, 'labels-to-check.csv'), 'utf8');
  assert.equal(list.split('\n').length - 2, suspected);
  assert.match(stderr, /checked 40 by 5-fold cross-validation/);
  const random = await featuretap('classify --model knn --check-labels'.split(' '));
  assert.equal(random.status, 2);
  assert.match(random.stderr, /--check-labels is not usable[\s\S]*random weights/);
});

test('prints a table with one line per model and the paths of the reports', async () => {
  const { status, stdout } = await featuretap('classify --model linear --test-size 20 --quiet'.split(' '));
  assert.equal(status, 0);
  assert.match(stdout, /^model +accuracy +95 % interval +top-5 +log loss/m);
  assert.match(stdout, /^linear \* +\d+\.\d % .* reports.drawn.linear-lbfgs-\w{8}$/m);
});

test('adam prints a line after each epoch', async () => {
  const { status, stderr } = await featuretap('classify --model linear --optimizer adam --epochs 2'.split(' '));
  assert.equal(status, 0);
  assert.match(
    stderr,
    /epoch 1\/2: training loss [\d.]+, test loss [\d.]+, correct \d+\/8, [\d.]+ %\n[\s\S]*epoch 2\/2/,
  );
});

test('wrong usage exits with 2 and one message, a missing set with 1', async () => {
  const noModel = await featuretap(['classify']);
  assert.equal(noModel.status, 2);
  assert.match(noModel.stderr, /--model is missing[\s\S]*linear \|/);
  const idle = await featuretap('classify --model linear --trees 4'.split(' '));
  assert.equal(idle.status, 2);
  assert.match(idle.stderr, /--trees is not usable/);
  const nowhere = await featuretap('classify --model linear --features cache/nowhere'.split(' '));
  assert.equal(nowhere.status, 1);
  assert.match(nowhere.stderr, /no feature set here/);
  const byName = await featuretap('classify --model ridge --features drawn --test-size 20%'.split(' '));
  assert.equal(byName.status, 0, byName.stderr);
  assert.match(byName.stderr, /^features: cache.drawn$/m);
  const mistyped = await featuretap('classify --model ridge --features drwan'.split(' '));
  assert.match(mistyped.stderr, /fix: {6}did you mean cache.drawn\? .*--features cache.drawn/);
  assert.doesNotMatch(noModel.stderr + idle.stderr + nowhere.stderr, /\n\s+at /);
});

test('--stream prints how it reads, trains within its memory limit, and is recorded in the report', async () => {
  const { status, stdout, stderr } = await featuretap(
    'classify --model linear --stream --memory 80MB --test-size 20 --json'.split(' '),
  );
  assert.equal(status, 0, stderr);
  assert.match(stderr, /by stream within 80\.0 MB: \d+ rows at a time, 80 of 80 stay in memory/);
  const [document] = JSON.parse(stdout);
  assert.equal(document.params.stream, true);
  const copies = 'classify --model linear --stream --groups near-copies --test-size 0.5 --memory'.split(' ');
  assert.match((await featuretap([...copies, '100kB'])).stderr, /do not fit the memory[\s\S]*fix: .*--memory 1MB/);
  const grouped = await featuretap([...copies, '80MB']);
  assert.equal(grouped.status, 0, grouped.stderr);
  assert.match(grouped.stderr, /each stays on the side of its copies, \d+ groups in all/);
  const small = await featuretap('classify --model linear --stream --memory 1MB'.split(' '));
  assert.equal(small.status, 1);
  assert.match(small.stderr, /memory is too small[\s\S]*--memory \d+MB or more/);
});

test('options that exclude --stream are wrong usage, and so is a size without a unit', async () => {
  for (const [words, message] of [
    ['--model svm --stream', /--stream is not usable[\s\S]*--model svm by smo[\s\S]*--model linear/],
    ['--model linear --sweep auto --stream', /--stream is not usable[\s\S]*--sweep[\s\S]*--subsample/],
    ['--model linear --memory 2', /--memory is not usable[\s\S]*500MB, 2GB or 1\.5GiB/],
    ['--model linear --memory 2gigs', /--memory is not usable/],
    ['--model linear --memory 0MB', /--memory is not usable/],
    ['--model linear --subsample 1.5', /--subsample is not usable/],
    ['--model linear --subsample some', /--subsample is not usable/],
  ] as const) {
    const { status, stderr } = await featuretap(['classify', ...words.split(' ')]);
    assert.equal(status, 2, `${words}: ${stderr}`);
    assert.match(stderr, message);
  }
});

test('prints the memory that a fit needs first; --memory limits it, and --subsample makes it smaller', async () => {
  const refused = await featuretap('classify --model svm --memory 30kB --test-size 20'.split(' '));
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /memory: about \d+\.\d kB \(.*kernel matrix 14\.4 kB/);
  assert.match(refused.stderr, /the svm head does not fit the memory[\s\S]*--solver linearsvc/);
  const roomy = await featuretap('classify --model svm --memory 8GB --test-size 20'.split(' '));
  assert.doesNotMatch(roomy.stderr, /memory/, 'what takes less than half of the memory is not told');
  const rows = /--subsample (\d+)/.exec(refused.stderr)?.[1] ?? '';
  const { status, stderr, stdout } = await featuretap(
    `classify --model svm --memory 30kB --test-size 20 --subsample ${rows}`.split(' '),
  );
  assert.equal(status, 0, stderr);
  assert.match(stderr, new RegExp(`${rows} of 60 training and 20 test images`));
  assert.match(stdout, new RegExp(`${rows} of 60 training and 20 test images`));
});

for (const how of ['', ' --stream']) {
  test(`Ctrl-C stops a fit, prints how to continue, and exits with 130: linear${how}`, async () => {
    let stopped = false;
    const long = `--model linear${how} --optimizer adam --epochs 100000 --batch 8`;
    const { status, stderr } = await stopFeaturetap(['classify', ...long.split(' ')], root, (text, stop) => {
      if (stopped || !text.includes('epoch 2/')) return;
      stopped = true;
      stop();
    });
    assert.equal(status, 130);
    assert.match(stderr, new RegExp(`go on: .*\\bclassify (?:-- )?--features cache/\\w+ ${long}`));
  });
}

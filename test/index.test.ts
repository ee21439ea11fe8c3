import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type Answer,
  classify,
  extract,
  find,
  forest,
  knn,
  linear,
  mlp,
  predict,
  ridge,
  stratifiedShuffleSplit,
  suggest,
  svm,
  type Table,
  UserError,
} from '../src/index.ts';
import { libraryUrl } from './child-source.ts';
import { drawRows } from './classify/drawn-set.ts';
import { drawFolder, drawImage } from './extract/drawn-data.ts';
import { projectRoot } from './reference.ts';

const library = libraryUrl();

test('importing the library loads no native code and has no side effects', () => {
  const script = `
    const { createRequire } = await import('node:module');
    const before = process.getActiveResourcesInfo();
    await import(${JSON.stringify(library)});
    const started = () =>
      process.getActiveResourcesInfo().filter((name) => !/Pipe|TTY|FS/.test(name) && !before.includes(name));
    // Files of the modules may still have to be closed; what is started stays.
    for (let looks = 0; looks < 100 && started().length > 0; looks++) await new Promise((resolve) => setTimeout(resolve, 100));
    const loaded = Object.keys(createRequire(${JSON.stringify(join(projectRoot, 'x.js'))}).cache);
    console.log(JSON.stringify({
      native: loaded.filter((file) => file.endsWith('.node') || /onnxruntime|sharp/.test(file)),
      handles: started(),
    }));`;
  const args = ['--input-type=module', '--eval', script];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: projectRoot, encoding: 'utf8' });
  assert.deepEqual(JSON.parse(stdout || JSON.stringify(stderr)), { native: [], handles: [] });
});

test('the package contains the build and its command, and no development files', () => {
  const npm = spawnSync('npm', ['pack', '--dry-run', '--json'], { cwd: projectRoot, encoding: 'utf8', shell: true });
  const [{ files }] = JSON.parse(npm.stdout) as [{ readonly files: readonly { readonly path: string }[] }];
  const paths = files.map(({ path }) => path);
  assert.deepEqual(
    paths.filter(
      (path) =>
        !/^(?:dist\/bundle\/(?:[\w.-]+\.js|LICENSES\.txt)$|dist\/src\/.*\.d\.ts$|docs\/(?:[\w-]+\.md|page\.png)$|scripts\/|weights\/demo-net\.safetensors$|package\.json$|[A-Z]+(?:\.md)?$)/.test(
          path,
        ),
    ),
    [],
  );
  assert.deepEqual(
    paths.filter((path) => path.startsWith('scripts/')),
    ['scripts/featuretap.cjs', 'scripts/read_features.py'],
  );
});

test('the command prints the version of the package wherever it runs', () => {
  const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string };
  const command = join(projectRoot, 'scripts', 'featuretap.cjs');
  const { stdout } = spawnSync(process.execPath, [command, '--version'], { cwd: tmpdir(), encoding: 'utf8' });
  assert.equal(stdout.trim(), version);
});

test('the example of the README runs, on drawn photos and a network of random weights', async () => {
  const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8');
  const [section = ''] = readme.slice(readme.indexOf('## As a library')).split('\n## ', 1);
  const example = [...section.matchAll(/^ {4}(.*)\n|^\n(?= {4})/gm)].map(([, line = '']) => line).join('\n');
  const index = JSON.stringify(library);
  // The README's weights would be downloaded, and a ResNet50 at 224 pixels takes longer.
  const small = "extract({ weights: 'random:resnet-tiny', resize: 32, crop: 32, ";
  const script = example.replace("'featuretap'", index).replace('extract({ ', small);
  assert.ok(script.includes(index) && script.includes(small), example);
  const folder = await mkdtemp(join(tmpdir(), 'featuretap-readme-'));
  try {
    await drawFolder(join(folder, 'data', 'dogs'), 30);
    await drawImage(join(folder, 'photo.jpg'), 31);
    await writeFile(join(folder, 'example.mjs'), script);
    const { stdout, stderr } = spawnSync(process.execPath, ['example.mjs'], { cwd: folder, encoding: 'utf8' });
    assert.match(stdout, /^(linear|svm) [\d.]+\n/, stderr);
    assert.match(stdout, /path: 'photo\.jpg',\s+classes: \[\s+\{ class: 'class-\d', probability: [\d.e-]+ \}/, stderr);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a failed photo is a result with its reason, and a call without a head or features is rejected', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'featuretap-library-'));
  try {
    const data = join(folder, 'photos');
    await drawFolder(data, 12);
    const cache = join(folder, 'cache');
    const small = {
      data,
      cache,
      weights: 'random:resnet-tiny',
      resize: 32,
      crop: 32,
      device: 'cpu',
      threads: 1,
    } as const;
    const set = await extract({ ...small, views: 1 });
    assert.deepEqual([set.newImages, set.folder], [12, join(cache, 'photos')]);
    const again = await extract({ ...small, views: 1 });
    assert.deepEqual([again.newImages, again.keptImages], [0, 12]);
    const out = join(folder, 'reports');
    const groups = 'near-copies';
    const [report] = await classify({ features: set.folder, heads: [knn({ k: 3 })], testSize: 6, groups, out });
    assert.equal(report?.testSize, 6);
    assert.equal(report.grouping?.by, groups);
    const answers: Answer[] = [];
    const images = [join(data, 'class-0'), join(folder, 'nowhere.jpg')];
    for await (const answer of predict({ head: report.report, images, top: 2 })) answers.push(answer);
    assert.deepEqual(
      answers.map((answer) => ('classes' in answer ? answer.classes.length : answer.reason.length > 0)),
      [2, 2, 2, 2, true],
    );
    await assert.rejects(classify({ features: join(folder, 'nothing'), heads: [knn()], out }), UserError);
    const unusable = { features: set.folder, heads: [knn()], out };
    await assert.rejects(classify({ ...unusable, testSize: -1 }), /^UserError: testSize/);
    await assert.rejects(classify({ ...unusable, testOn: 'val', repeats: 2 }), /--test-on/);
    await assert.rejects(predict({ head: join(folder, 'nothing'), images }).next(), UserError);

    const query = images[0] === undefined ? '' : join(images[0], (await readdir(images[0]))[0] as string);
    const [nearest, ...others] = await find({ query, features: set.folder, count: 3 });
    assert.equal(join(data, nearest?.path ?? ''), query);
    assert.ok((nearest?.similarity ?? 0) > 0.9999 && others.length === 2, JSON.stringify(nearest));
    await assert.rejects(find({ query: join(folder, 'nowhere.jpg'), features: set.folder }), UserError);

    const from = join(folder, 'new');
    for (let image = 0; image < 5; image++) await drawImage(join(from, `${image}.jpg`), 40 + image);
    await writeFile(join(from, 'broken.jpg'), 'no image');
    const suggested = await suggest({ head: report.report, from, count: 3, cache: join(folder, 'cache') });
    assert.deepEqual(
      [suggested.photos.map(({ rank }) => rank), suggested.unlabelled, suggested.unread.map(({ path }) => path)],
      [[1, 2, 3], 5, ['broken.jpg']],
    );
    assert.equal(suggested.featureSet, join(folder, 'cache', 'new-unlabelled'));
    await assert.rejects(suggest({ head: report.report, from, count: 0 }), UserError);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a split, a head and its metrics take five lines', async () => {
  const features = drawRows(60, 10, 3, 1);
  const labels = Int32Array.from({ length: 60 }, (_, row) => row % 3);
  const table: Table = { features, labels, classes: ['a', 'b', 'c'] };
  const [split] = stratifiedShuffleSplit(labels, table.classes, { testSize: 0.25, seed: 0, repeats: 1 });
  assert.equal(split?.test.length, 15);
  const heads = [linear({ C: 1, scale: 'standard' }), svm({ kernel: 'rbf' }), forest({ trees: 10 })];
  for (const head of [...heads, knn({ k: 5 }), ridge({ alpha: [0.1, 1] }), mlp({ hidden: 16, lr: 0.02 })]) {
    const fitted = await head.fit(table, { seed: 0, threads: 1 });
    const found = await fitted.predict(features);
    assert.ok(found.filter((label, row) => label === labels[row]).length > 40, head.model);
  }
});

test('wrong parameters are rejected when a head is created', () => {
  assert.throws(() => linear({ C: -1 }), /C is not usable/);
  // @ts-expect-error: the type names the kernels
  assert.throws(() => svm({ kernel: 'poly' }), /kernel is not usable/);
  // @ts-expect-error: a forest has no C
  assert.equal(forest({ C: 1 }).model, 'forest');
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { forest, linear, stratifiedShuffleSplit, svm, type Table } from '../src/index.ts';
import { drawRows } from './classify/drawn-set.ts';
import { projectRoot } from './reference.ts';

test('importing the library loads no native code and starts nothing', () => {
  const script = `
    const { createRequire } = await import('node:module');
    // tsx has a connection of its own on some versions of Node.
    const before = process.getActiveResourcesInfo();
    await import(${JSON.stringify(join(projectRoot, 'src', 'index.ts'))});
    const loaded = Object.keys(createRequire(${JSON.stringify(join(projectRoot, 'x.js'))}).cache);
    console.log(JSON.stringify({
      native: loaded.filter((file) => file.endsWith('.node') || /onnxruntime|sharp/.test(file)),
      handles: process.getActiveResourcesInfo().filter((name) => !/Pipe|TTY|FS/.test(name) && !before.includes(name)),
    }));`;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: projectRoot, encoding: 'utf8' });
  assert.deepEqual(JSON.parse(stdout || JSON.stringify(stderr)), { native: [], handles: [] });
});

test('the package holds the build and its command, and nothing that only the project needs', () => {
  const npm = spawnSync('npm', ['pack', '--dry-run', '--json'], { cwd: projectRoot, encoding: 'utf8', shell: true });
  const [{ files }] = JSON.parse(npm.stdout) as [{ readonly files: readonly { readonly path: string }[] }];
  const paths = files.map(({ path }) => path);
  assert.deepEqual(
    paths.filter(
      (path) =>
        !/^(?:dist\/bundle\/[\w.-]+\.js$|dist\/src\/.*\.d\.ts$|docs\/[\w-]+\.md$|scripts\/|package\.json$|[A-Z]+(?:\.md)?$)/.test(
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

test('the command gives the version of the package wherever it runs', () => {
  const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string };
  const command = join(projectRoot, 'scripts', 'featuretap.cjs');
  const { stdout } = spawnSync(process.execPath, [command, '--version'], { cwd: tmpdir(), encoding: 'utf8' });
  assert.equal(stdout.trim(), version);
});

test('a split, a head and its figures take five lines', async () => {
  const features = drawRows(60, 10, 3, 1);
  const labels = Int32Array.from({ length: 60 }, (_, row) => row % 3);
  const table: Table = { features, labels, classes: ['a', 'b', 'c'] };
  const [split] = stratifiedShuffleSplit(labels, table.classes, { testSize: 0.25, seed: 0, repeats: 1 });
  assert.equal(split?.test.length, 15);
  for (const head of [linear({ C: 1, scale: 'standard' }), svm({ kernel: 'rbf' }), forest({ trees: 10 })]) {
    const fitted = await head.fit(table, { seed: 0, threads: 1 });
    const found = await fitted.predict(features);
    assert.ok(found.filter((label, row) => label === labels[row]).length > 40, head.model);
  }
});

test('wrong parameters are refused when a head is made', () => {
  assert.throws(() => linear({ C: -1 }), /C is not usable/);
  // @ts-expect-error: the type names the kernels
  assert.throws(() => svm({ kernel: 'poly' }), /kernel is not usable/);
});

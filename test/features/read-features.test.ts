import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { projectRoot } from '../reference.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { makeFeatureSet } from './make-feature-set.ts';

/** Debian's own python3 has NumPy even where another one is first on the path. */
const python = ['python3', '/usr/bin/python3'].find(
  (candidate) => spawnSync(candidate, ['-c', 'import numpy']).status === 0,
);

describe('scripts/read_features.py', { skip: python === undefined && 'skipped: no python3 with NumPy' }, () => {
  const root = temporaryFolder();

  /** Runs Python in scripts/ and parses the JSON that it prints. */
  function runPython(source: string): unknown {
    const code = `import json\nfrom read_features import *\n${source}`;
    const { stdout, stderr, status } = spawnSync(python as string, ['-c', code], {
      cwd: join(projectRoot, 'scripts'),
      encoding: 'utf8',
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  }

  const matrix = { rowCount: 6, columnCount: 2, data: Float32Array.from({ length: 12 }, (_, i) => i / 2) };

  for (const dtype of ['float32', 'float16'] as const) {
    it(`reads ${dtype} rows, unusual ids and the row of a duplicate`, async () => {
      const folder = join(root, dtype);
      await makeFeatureSet(folder, {
        matrix,
        ids: ['b', 'a', 'comma, "quote"', 'ünï', 'e', 'f'],
        rowsPerShard: 4,
        fields: { dtype },
        labels: [
          ['f', 'cat'],
          ['twin', 'dog'],
          ['comma, "quote"', 'cat'],
          ['no row', 'dog'],
        ],
        outcomes: [
          { id: 'twin', path: 'twin.jpg', outcome: 'duplicate', row: 3, reason: 'the same bytes as ünï' },
          { id: 'no row', path: 'x.jpg', outcome: 'unreadable', reason: 'broken' },
        ],
      });
      const source = `
f = read_features(${JSON.stringify(folder)})
x, y, ids = read_labels(${JSON.stringify(folder)}, mmap=True)
print(json.dumps({"all": f.x.tolist(), "dtype": str(f.x.dtype), "ids": f.ids, "x": x.tolist(), "y": y.tolist(), "labelled": ids}))`;
      assert.deepEqual(runPython(source), {
        all: [0, 1, 2, 3, 4, 5].map((row) => [row, row + 0.5]),
        dtype,
        ids: ['b', 'a', 'comma, "quote"', 'ünï', 'e', 'f'],
        x: [
          [5, 5.5],
          [3, 3.5],
          [2, 2.5],
        ],
        y: ['cat', 'dog', 'cat'],
        labelled: ['f', 'twin', 'comma, "quote"'],
      });
    });
  }

  it('returns X, y, ids and a pandas table in one line', async (t) => {
    if (spawnSync(python as string, ['-c', 'import pandas']).status !== 0) return t.skip('skipped: no pandas');
    const folder = join(root, 'pandas');
    await makeFeatureSet(folder, {
      matrix,
      ids: ['b', 'a', 'c', 'd', 'e', 'f'],
      labels: [
        ['a', 'cat'],
        ['f', 'dog'],
      ],
    });
    const source = `
X, y, ids, table = read(${JSON.stringify(folder)})
print(json.dumps([X.tolist(), y.tolist(), ids, table.columns.tolist(), table.values.tolist()]))`;
    const rows = [
      [1, 1.5],
      [5, 5.5],
    ];
    assert.deepEqual(runPython(source), [
      rows,
      ['cat', 'dog'],
      ['a', 'f'],
      ['id', 'label', 'f0', 'f1'],
      [
        ['a', 'cat', 1, 1.5],
        ['f', 'dog', 5, 5.5],
      ],
    ]);
  });

  it("equals the README's example, which needs only NumPy", async () => {
    const readme = await readFile(join(projectRoot, 'README.md'), 'utf8');
    const [, block = ''] = /From Python, with NumPy alone:\n\n((?: {4}.*\n|\n)+)/.exec(readme) ?? [];
    assert.match(block, /np\.load/);
    const ids = ['b', 'a', 'comma, "quote"', 'ünï', 'e', 'f'];
    await makeFeatureSet(join(root, 'cache', 'dogs'), { matrix, ids, rowsPerShard: 4 });
    const source = `${block.replaceAll(/^ {4}/gm, '')}\nimport json\nprint(json.dumps([x.tolist(), [r['id'] for r in rows]]))`;
    const { stdout, stderr, status } = spawnSync(python as string, ['-c', source], { cwd: root, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), [[0, 1, 2, 3, 4, 5].map((row) => [row, row + 0.5]), ids]);
  });

  it('reads the row without augmentation of each image in a set with views', async () => {
    const folder = join(root, 'views');
    await makeFeatureSet(folder, { matrix, ids: ['a', 'b'], fields: { views: { count: 2, seed: 0 } } });
    assert.deepEqual(runPython(`print(json.dumps(read_features(${JSON.stringify(folder)}).x.tolist()))`), [
      [0, 0.5],
      [3, 3.5],
    ]);
  });
});

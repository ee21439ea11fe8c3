import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readLabels } from '../../../src/classify/data/labels-file.ts';
import { readRowLabels } from '../../../src/classify/data/matrix/matrix-labels.ts';
import { formatIndex, IndexTable } from '../../../src/features/index/index-table.ts';
import { formatOutcomes, parseOutcomes } from '../../../src/features/index/outcomes.ts';
import { readNpyMatrix } from '../../../src/formats/npy/npy-file.ts';
import { readNpyLabels } from '../../../src/formats/npy/npy-labels.ts';
import { encodeSafetensors } from '../../../src/formats/safetensors.ts';
import { headFile, readSavedHead } from '../../../src/models/saved-head.ts';
import { UserError } from '../../../src/system/errors.ts';
import { byteTarget, type FuzzTarget } from './fuzz-target.ts';

const npyFixtures = fileURLToPath(new URL('../../../test/fixtures/classify/npy/', import.meta.url));
const npyWords = [
  "'<f2'",
  "'<f8'",
  "'|S0'",
  "'<U0'",
  "'<U4611686018427387904'",
  "'|O'",
  '(4611686018427387904,)',
  '(0,)',
];
const csvWords = [',', '"', '""', '\r', '\n', '\0', '\ufeff', ' ', '-1', '4294967296', '1e9'];

/** Arrays and labels of other programs for `classify`, and the files of a feature set and a report. */
export function otherTables(folder: string): readonly FuzzTarget[] {
  const arrays = readdirSync(npyFixtures).map((file) => readFileSync(join(npyFixtures, file)));
  const small = arrays.filter((bytes) => bytes.length < 20_000);
  return [
    byteTarget('.npy of classify', small, npyWords, async (bytes) => {
      const file = kept(folder, 'x.npy', bytes);
      const [matrix, labels] = await Promise.allSettled([readNpyMatrix(file), readNpyLabels(file)]);
      if (matrix.status === 'fulfilled')
        assert.equal(matrix.value.data.length, matrix.value.rowCount * matrix.value.columnCount);
      // Most files are one or the other: both errors are checked, the second one is passed on.
      else if (labels.status === 'rejected') refusedBy(matrix.reason);
      if (labels.status === 'rejected' && matrix.status === 'rejected') throw labels.reason;
    }),
    byteTarget(
      'labels of classify',
      [Buffer.from('id,label,group\na,x,1\nb,y,2\n"c,d",x,1\n')],
      csvWords,
      async (bytes) => {
        const file = kept(folder, 'labels-of-others.csv', bytes);
        const { labels } = await readLabels(file);
        assert.ok([...labels].every(([id, label]) => id !== '' && label !== ''));
        const { ids, names } = await readRowLabels(file);
        assert.equal((ids ?? names).length, names.length);
      },
    ),
    byteTarget('index.csv', [indexFile()], csvWords, (bytes) => {
      const table = new IndexTable(bytes, 6, 1, 'index.csv');
      assert.equal(table.rows.length, 6);
    }),
    byteTarget('outcomes.csv', [outcomesFile()], [...csvWords, 'duplicate', 'missing'], (bytes) => {
      const outcomes = parseOutcomes(bytes, 'outcomes.csv');
      for (const { outcome, row } of outcomes) assert.equal(outcome === 'duplicate', row !== undefined);
    }),
    byteTarget('saved head', [savedHead()], ['"F64"', '"I32"', 'head', 'classes', '[]', 'null'], async (bytes) => {
      const place = join(folder, 'report');
      mkdirSync(place, { recursive: true });
      kept(place, headFile, bytes);
      const { arrays: read, classes } = await readSavedHead(place);
      assert.ok(classes.length > 0);
      for (const { shape, data } of Object.values(read))
        assert.equal(
          shape.reduce((product, size) => product * size, 1),
          data.length,
        );
    }),
  ];
}

function kept(folder: string, name: string, bytes: Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

/** Rethrows any error that is not a rejection. */
function refusedBy(reason: unknown): void {
  if (!(reason instanceof UserError)) throw reason;
}

function indexFile(): Uint8Array {
  const images = Array.from({ length: 6 }, (_, row) => ({
    row,
    id: row === 3 ? 'a "quoted", id' : `id-${row}`,
    path: `train/${row}.jpg`,
    sha256: String(row).repeat(64),
  }));
  return Buffer.concat([...formatIndex(images, 1)]);
}

function outcomesFile(): Uint8Array {
  const outcomes = [
    { id: 'a', path: 'train/a.jpg', outcome: 'duplicate', row: 3, reason: 'the bytes of b' },
    { id: 'b', path: '', outcome: 'missing', reason: 'no file' },
    { id: 'c', path: 'train/c.jpg', outcome: 'unreadable', reason: 'a "broken", file' },
  ] as const;
  return Buffer.concat([...formatOutcomes(outcomes)]);
}

function savedHead(): Uint8Array {
  const head = { model: 'linear', solver: 'lbfgs', params: { C: 1 }, classes: ['x', 'y'], dims: 3, details: {} };
  const arrays = {
    weights: { shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) },
    intercepts: { shape: [2], data: Float64Array.of(1, 2) },
  };
  return encodeSafetensors(arrays, { format: 'featuretap head, version 1', head: JSON.stringify(head) });
}

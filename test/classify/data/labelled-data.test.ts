import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { joinLabels } from '../../../src/classify/data/labelled-data.ts';
import { openFeatureSet } from '../../../src/features/reader.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { makeDrawnSet } from '../drawn-set.ts';

const root = temporaryFolder();

test('reports exact duplicates, and names those whose labels differ', async () => {
  const folder = join(root, 'copies');
  const ids = Array.from({ length: 12 }, (_, row) => `img-${String(row).padStart(3, '0')}`);
  const copy = (id: string, row: number) =>
    ({ id, path: `${id}.jpg`, outcome: 'duplicate', row, reason: `the same bytes as ${ids[row]}` }) as const;
  await makeDrawnSet(folder, {
    rows: 12,
    labels: [...ids.map((id, row) => [id, `kind-${row % 4}`] as const), ['agrees', 'kind-1'], ['differs', 'kind-3']],
    outcomes: [copy('agrees', 1), copy('differs', 2)],
  });
  const { warnings } = await joinLabels(await openFeatureSet(folder), { maxMissing: 0 });
  assert.match(warnings.join('\n'), /2 exact copies of other labelled images/);
  assert.match(
    warnings.join('\n'),
    /1 exact copy with another label than the twin: differs: kind-3, but img-002: kind-2/,
  );
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { findVerb } from '../../src/cli/find/find.ts';
import type { Session } from '../../src/cli/verb.ts';
import { type FeatureSet, openFeatureSet } from '../../src/features/reader.ts';
import { extract } from '../../src/library/extract.ts';
import { embedPhoto } from '../../src/predict/find/find-photos.ts';
import { nearestPhotos, unitRowsOf } from '../../src/predict/find/nearest-photos.ts';
import { RowReader } from '../../src/rows/row-reader.ts';
import { changedRows, storedRows } from '../../src/rows/row-source.ts';
import { drawFolder, imagePath } from '../extract/drawn-data.ts';
import { published } from '../extract/weights/hub/published.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const root = temporaryFolder();
let set: FeatureSet;
const photos = () => ({ data: join(root, 'photos'), cache: join(root, 'cache'), device: 'cpu', threads: 1 }) as const;
before(async () => {
  await drawFolder(join(root, 'photos'), 11);
  const weights = join(published, 'clip');
  const { folder } = await extract({ ...photos(), weights });
  set = await openFeatureSet(folder);
});

interface Asked {
  readonly printed: string;
  readonly json: { readonly found: readonly { readonly id: string; readonly similarity: number }[] };
}

async function find(options: Record<string, unknown>): Promise<Asked> {
  let printed = '';
  let json: unknown;
  const session = {
    print: (line: string) => {
      printed += `${line}\n`;
    },
    printJson: (document: unknown) => {
      json = document;
    },
    note: () => {},
    warn: () => {},
    quiet: true,
    command: 'featuretap find',
    args: [],
  } as unknown as Session;
  assert.equal(await findVerb.run({ features: set.folder, ...options }, session), 0);
  return { printed, json: json as Asked['json'] };
}

/** Cosines by the definition, in double precision. */
async function cosines(query: readonly number[]): Promise<ReadonlyMap<string, number>> {
  const { data, columnCount } = await set.readMatrix();
  const length = (values: readonly number[]): number => Math.hypot(...values);
  return new Map(
    set.ids.map((id, i) => {
      const row = [...data.subarray(i * columnCount, (i + 1) * columnCount)];
      const dot = row.reduce((sum, value, at) => sum + value * (query[at] as number), 0);
      return [id, dot / length(row) / length(query)];
    }),
  );
}

test('lists the photos nearest to a text by the cosine of their vectors', async () => {
  const { texts } = JSON.parse(readFileSync(join(published, 'words.json'), 'utf8'));
  for (const { text, vector } of texts.clip.slice(0, 3)) {
    const expected = await cosines(vector);
    const { json, printed } = await find({ query: text, count: '5' });
    const order = [...expected].sort((a, b) => b[1] - a[1]).slice(0, 5);
    for (const [place, { id, similarity }] of json.found.entries()) {
      assert.ok(Math.abs(similarity - (expected.get(id) as number)) < 1e-5);
      assert.ok(Math.abs(similarity - (order[place] as [string, number])[1]) < 1e-5);
    }
    assert.equal(printed.trim().split('\n').length, 5);
    assert.match(printed, /^-?\d\.\d{3} {2}class-\d\/image-\d{3}\.png {2}class-\d/);
  }
});

test('finds the photo itself first, and all photos where so many are requested', async () => {
  const photo = join(root, 'photos', imagePath(4));
  const { json } = await find({ query: photo, count: '100' });
  assert.equal(json.found.length, 11);
  assert.equal(json.found[0]?.id, 'class-1/image-004');
  assert.ok(Math.abs((json.found[0]?.similarity ?? 0) - 1) < 1e-5);
  // The error about moved weights names this option.
  await assert.rejects(find({ query: photo, weights: join(root, 'moved') }), /moved/);
});

test('writes a page with the photos in order, and loads nothing from elsewhere', async () => {
  const page = join(root, 'pages', 'found.html');
  const { json } = await find({ query: join(root, 'photos', imagePath(4)), count: '3', page });
  const html = readFileSync(page, 'utf8');
  assert.deepEqual(
    [...html.matchAll(/alt="Photo (\d), ([^"]+)"/g)].map(([, place, file]) => [Number(place), file]),
    json.found.map(({ id }, place) => [place + 1, `${id}.png`]),
  );
  assert.equal(html.match(/data:image\/webp;base64,/g)?.length, 3);
  assert.ok(!/src="(?!data:)|https?:/.test(html));
});

test('rows on disk are searched block by block with the same result', async () => {
  const query = await embedPhoto(join(root, 'photos', imagePath(7)), set, {});
  const options = { count: 6, threads: 1 };
  const whole = await nearestPhotos(set, await unitRowsOf(set), query, options);
  const stored = storedRows(new RowReader(set.rowStore(), 2), set.rows);
  const unit = changedRows(stored, (rows) => {
    for (let row = 0; row < rows.length; row += set.dims) {
      const one = rows.subarray(row, row + set.dims);
      const length = Math.hypot(...one);
      one.forEach((value, at) => {
        one[at] = value / length;
      });
    }
  });
  const blocks = await nearestPhotos(set, unit, query, options);
  assert.deepEqual(
    blocks.map(({ id }) => id),
    whole.map(({ id }) => id),
  );
});

test('reports a missing photo, features without a text encoder, and an empty query', async () => {
  await assert.rejects(find({ query: 'dog.jpg' }), /no such photo[\s\S]*dog\.jpg/);
  await assert.rejects(find({}), /what to find/);
  await assert.rejects(find({ query: 'a '.repeat(60) }), /too long for the network/);
  const weights = join(published, 'dinov2');
  const { folder } = await extract({ ...photos(), name: 'dino', weights });
  await assert.rejects(find({ query: 'a dog', features: folder }), /trained on images with captions/);
  const early = await extract({
    ...photos(),
    name: 'early',
    weights: join(published, 'clip'),
    tap: 'last_hidden_state',
    pool: 'cls',
  });
  await assert.rejects(find({ query: 'a dog', features: early.folder }), /cls of last_hidden_state, 16 numbers/);
});

import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { openFeatureSet } from '../../src/features/reader.ts';
import { suggestionsHtml } from '../../src/suggest/page.ts';
import type { Suggestion } from '../../src/suggest/suggest.ts';
import { suggestionsCsv, suggestionsHeader } from '../../src/suggest/suggestions-csv.ts';
import { featuretap, type Ran } from '../cli/command.ts';
import { type TrainedHeads, trainHeads } from '../predict/trained.ts';
import { findAccessFaults, openBrowser, withoutBrowser } from '../report/page/browser.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const root = temporaryFolder();
let trained: TrainedHeads;
let head: string;
before(async () => {
  trained = await trainHeads(root, { models: [['linear', {}]], perClass: 6 });
  head = trained.reports[0]?.report as string;
});

const suggest = (...args: readonly string[]): Promise<Ran> =>
  featuretap(['suggest', '--head', head, '--threads', '1', ...args], { cwd: root });

/** Photos of two classes under new names, one twice, a labelled one and a broken one, in folders without classes. */
async function layOut(folder: string): Promise<void> {
  const photos = readdirSync(join(trained.data, 'red')).slice(0, 4);
  await mkdir(join(folder, 'monday', 'late'), { recursive: true });
  for (const [i, name] of photos.entries()) {
    // Bytes after an image's end make it another file with the same pixels.
    const bytes = readFileSync(join(trained.data, 'red', name));
    await writeFile(join(folder, 'monday', `shot-${i}.png`), Buffer.concat([bytes, Buffer.from([i])]));
  }
  copyFileSync(join(folder, 'monday', 'shot-0.png'), join(folder, 'loose.png'));
  copyFileSync(
    join(trained.data, 'green', readdirSync(join(trained.data, 'green'))[0] as string),
    join(folder, 'known.png'),
  );
  await writeFile(join(folder, 'monday', 'late', 'broken.png'), 'no image');
}

describe('suggest', () => {
  it('ranks photos without labels, once each, leaves out labelled ones, and computes nothing twice', async () => {
    await layOut(join(root, 'new'));
    const first = await suggest('--from', 'new', '--count', '3', '--json');
    // As in predict, where a photo cannot be read.
    assert.equal(first.status, 1, first.stderr);
    assert.match(first.stderr, /left out: 1 already labelled, 1 exact copy of others/);
    assert.match(first.stderr, /one photo could not be read:\n {2}monday\/late\/broken\.png: /);
    await rm(join(root, 'new', 'monday', 'late'), { recursive: true });
    await writeFile(join(root, 'new', 'notes.txt'), 'seen on monday');
    const found = JSON.parse(first.stdout) as {
      photos: readonly Suggestion[];
      failed: readonly { path: string; reason: string }[];
      unlabelled: number;
      featureSet: string;
    };
    assert.equal(found.unlabelled, 4);
    assert.deepEqual(
      found.failed.map(({ path }) => path),
      ['new/monday/late/broken.png'],
    );
    assert.ok(found.failed[0]?.reason);
    assert.deepEqual(
      found.photos.map(({ rank }) => rank),
      [1, 2, 3],
    );
    assert.equal(new Set(found.photos.map(({ id }) => id)).size, 3);
    for (const { likeliest, margin, path } of found.photos) {
      assert.ok(Math.abs(likeliest[0].probability - likeliest[1].probability - margin) < 1e-12);
      assert.ok(margin >= 0 && /shot-|loose/.test(path));
    }
    const set = await openFeatureSet(found.featureSet);
    assert.equal(set.folder, join(root, 'cache', 'new-unlabelled'));
    assert.equal(set.manifest.fingerprint, (await openFeatureSet(trained.features)).manifest.fingerprint);
    assert.equal(set.labels.size, 0);

    const shard = join(set.folder, 'features-00000.npy');
    const { mtimeMs } = statSync(shard);
    const csv = await readFile(join(root, 'suggestions', 'suggestions.csv'), 'utf8');
    for (const { path } of found.photos) assert.ok(csv.includes(`,${path},`), path);
    const again = await suggest('--from', 'new', '--count', '3');
    assert.equal(again.status, 0, again.stderr);
    assert.equal(statSync(shard).mtimeMs, mtimeMs);
    assert.equal(await readFile(join(root, 'suggestions', 'suggestions.csv'), 'utf8'), csv);
    assert.match(again.stdout, /^1 {2}new\/.*%\n/);
    assert.match(again.stdout, /3 of 4 photos to label next, the first one first: suggestions.suggestions\.csv/);
    assert.ok(csv.startsWith(suggestionsHeader));
    assert.equal(csv.trimEnd().split('\n').length, 4);
  });

  it('by margin alone chooses the smallest margins, in ascending order', async () => {
    const { stdout, stderr } = await suggest(
      '--from',
      'new',
      '--count',
      '4',
      '--by',
      'margin',
      '--out',
      'by-margin',
      '--json',
    );
    const margins = (JSON.parse(stdout || stderr) as { photos: readonly Suggestion[] }).photos.map(
      ({ margin }) => margin,
    );
    assert.equal(margins.length, 4);
    assert.deepEqual(
      margins,
      [...margins].sort((a, b) => a - b),
    );
  });

  it('rejects a missing folder, another table as the output, and a folder without unlabelled photos', async () => {
    assert.match((await suggest()).stderr, /--from is missing[\s\S]*suggest .*--from FOLDER/);
    const absent = await suggest('--from', 'nwe', '--count', '3');
    assert.match(absent.stderr, /no such --from folder[\s\S]*fix: .*suggest .*--from new --count 3\n/);
    assert.doesNotMatch(absent.stderr, /--data|--from nwe/);
    const bare = await suggest('--from', join(root, 'bare', 'nope'));
    assert.doesNotMatch(bare.stderr, /--data/);
    await mkdir(join(root, 'taken'));
    await writeFile(join(root, 'taken', 'suggestions.csv'), 'id,label\na,b\n');
    const taken = await suggest('--from', 'new', '--out', 'taken');
    assert.equal(taken.status, 2);
    assert.match(taken.stderr, /holds something else/);
    assert.equal(await readFile(join(root, 'taken', 'suggestions.csv'), 'utf8'), 'id,label\na,b\n');
    const nothing = await suggest('--from', trained.data, '--name', 'labelled');
    assert.match(nothing.stderr, /there is no photo to label[\s\S]*24 photos, all of them among the labelled ones/);
  });

  it('works without the feature set of the head, and says what is then missing', async () => {
    const { features } = trained;
    await rename(features, join(root, 'aside'));
    try {
      const alone = await suggest('--from', 'new', '--out', 'alone', '--json');
      assert.equal(alone.status, 0, alone.stderr);
      assert.match(alone.stderr, /the head's own feature set is gone/);
      assert.equal((JSON.parse(alone.stdout) as { unlabelled: number }).unlabelled, 5);
    } finally {
      await rename(join(root, 'aside'), features);
    }
  });

  it("extracts int8 features with the activation ranges of the head's photos", async () => {
    const other = join(root, 'int8');
    await mkdir(other);
    const quantized = await trainHeads(other, { models: [['ridge', {}]], perClass: 4, precision: 'int8' });
    const asked = ['--head', quantized.reports[0]?.report as string, '--from', join(root, 'new'), '--threads', '1'];
    const ran = await featuretap(['suggest', ...asked, '--count', '2', '--json'], { cwd: other });
    assert.equal(ran.status, 0, ran.stderr);
    const { featureSet } = JSON.parse(ran.stdout) as { featureSet: string };
    const { manifest } = await openFeatureSet(featureSet);
    assert.equal(manifest.fields.precision, 'int8');
    assert.equal(manifest.fingerprint, (await openFeatureSet(quantized.features)).manifest.fingerprint);
  });

  it('writes no cell that is a formula, and escapes markup in names', () => {
    const photo: Suggestion = {
      rank: 1,
      id: '=a',
      path: '<b>.png',
      likeliest: [
        { class: '@x', probability: 0.5 },
        { class: '"y", z', probability: 0.4 },
      ],
      margin: 0.1,
    };
    assert.equal(
      suggestionsCsv([photo], '-new/'),
      `${suggestionsHeader}1,'=a,'-new/<b>.png,'@x,0.500000,"""y"", z",0.400000,0.100000\n`,
    );
    const thumbnails = new Map([['=a', 'AAAA']]);
    const page = suggestionsHtml({ photos: [photo], unlabelled: 1, folder: 'new', head: 'reports/one', thumbnails });
    assert.ok(!page.includes('<b>.png'));
    assert.match(page, /alt="Photo 1, &lt;b&gt;\.png"/);
  });
});

describe('the page of suggestions', { timeout: 120_000, skip: withoutBrowser }, () => {
  it('passes axe, light and dark, on phone and desktop sizes, and makes no request', async () => {
    const made = await suggest('--from', 'new', '--count', '4', '--out', 'seen');
    assert.equal(made.status, 0, made.stderr);
    const browser = await openBrowser();
    try {
      for (const [width, height, colorScheme] of [
        [360, 740, 'dark'],
        [1440, 900, 'light'],
      ] as const) {
        const page = await browser.newPage({ viewport: { width, height }, colorScheme });
        const elsewhere: string[] = [];
        page.on('request', (request) => {
          if (!/^(?:file|data):/.test(request.url())) elsewhere.push(request.url());
        });
        await page.goto(`file://${join(root, 'seen', 'index.html')}`);
        assert.equal(await page.locator('ol.photos li img').count(), 4);
        assert.deepEqual(await findAccessFaults(page), []);
        assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'));
        assert.deepEqual(elsewhere, []);
        await page.close();
      }
    } finally {
      await browser.close();
    }
  });
});

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { compareReports } from '../../../src/report/comparison.ts';
import { gatherPage } from '../../../src/report/page/gather.ts';
import { writePage } from '../../../src/report/page/write-page.ts';
import { trainHeads } from '../../predict/trained.ts';
import { writeDrawnReport } from '../drawn-report.ts';
import { openBrowser, withoutBrowser } from './browser.ts';

const sizes = { desktop: [1280, 900], tablet: [820, 1100], phone: [375, 720] } as const;

let root: string;
let browser: Browser;
/** The page of three real heads on real photos, with mistakes. */
let file: string;
before(async () => {
  if (withoutBrowser !== false) return;
  root = await mkdtemp(join(tmpdir(), 'featuretap-page-'));
  await trainHeads(root, {
    perClass: 12,
    models: [
      ['linear', {}],
      ['forest', { trees: 2, maxDepth: 1 }],
      ['svm', { kernel: 'linear' }],
    ],
  });
  file = await write(join(root, 'reports'), 'index.html');
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  if (root !== undefined) await rm(root, { recursive: true, force: true });
});

async function write(reports: string, name: string): Promise<string> {
  const path = join(reports, name);
  await writePage(path, await gatherPage(await compareReports([reports]), { version: '0.1.0' }));
  return path;
}

/** Opens a page from the disk and fails the test at its end if it logged an error or asked for anything else. */
async function withPage(
  path: string,
  size: keyof typeof sizes,
  use: (page: Page) => Promise<void>,
  colorScheme: 'light' | 'dark' = 'light',
): Promise<void> {
  const [width, height] = sizes[size];
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    if (request.url() !== pathToFileURL(path).href && !request.url().startsWith('data:')) faults.push(request.url());
  });
  await page.goto(pathToFileURL(path).href);
  await use(page);
  assert.deepEqual(faults, []);
  await context.close();
}

const firstColumn = (page: Page, table: string): Promise<string[]> =>
  page.locator(`${table} tbody tr:not([hidden]) th`).allTextContents();

describe('the page', { skip: withoutBrowser }, () => {
  test('answers the four questions and names every run, from one file without a request', async () => {
    await withPage(file, 'desktop', async (page) => {
      for (const question of ['Which head', 'How sure', 'What it gets wrong', 'What next']) {
        assert.ok(await page.getByRole('heading', { name: question, exact: true }).isVisible(), question);
      }
      assert.equal((await firstColumn(page, '#g0-runs')).length, 3);
      assert.match((await page.locator('.verdicts').first().textContent()) ?? '', /forest|not distinguishable/);
    });
  });

  test('sorts the runs by a heading, one way and back, with the mouse and the keyboard', async () => {
    await withPage(file, 'desktop', async (page) => {
      const accuracies = async (): Promise<number[]> =>
        (await page.locator('#g0-runs tbody tr td:nth-child(2)').allTextContents()).map((text) =>
          Number.parseFloat(text),
        );
      const heading = page.locator('#g0-runs thead').getByRole('button', { name: 'accuracy' });
      await heading.click();
      const down = await accuracies();
      assert.deepEqual(
        down,
        [...down].sort((a, b) => b - a),
      );
      await heading.focus();
      await page.keyboard.press('Enter');
      assert.deepEqual(
        await accuracies(),
        [...down].sort((a, b) => a - b),
      );
      assert.equal(await page.locator('#g0-runs th[aria-sort=ascending]').count(), 1);
      await page.locator('#g0-runs thead').getByRole('button', { name: 'head' }).click();
      const names = await firstColumn(page, '#g0-runs');
      assert.deepEqual(names, [...names].sort());
    });
  });

  test('filters the classes by their names and says how many are left', async () => {
    await withPage(file, 'desktop', async (page) => {
      const table = '#g0-run0-classes';
      assert.equal((await firstColumn(page, table)).length, 4);
      await page.locator(`${table}-filter`).fill('RE');
      assert.deepEqual((await firstColumn(page, table)).sort(), ['green', 'red']);
      assert.equal(await page.locator('[data-count-of=g0-run0-classes]').textContent(), '2 of 4');
      await page.locator(`${table}-filter`).fill('');
      assert.equal((await firstColumn(page, table)).length, 4);
    });
  });

  test('shows one run at a time, chosen by click or arrow key', async () => {
    await withPage(file, 'desktop', async (page) => {
      const tabs = page.getByRole('tab');
      assert.equal(await tabs.count(), 3);
      await tabs.nth(0).focus();
      await page.keyboard.press('ArrowRight');
      assert.equal(await tabs.nth(1).getAttribute('aria-selected'), 'true');
      assert.ok(await page.locator('#g0-run1').isVisible(), 'the second run is shown');
      assert.ok(!(await page.locator('#g0-run0').isVisible()), 'the first run is not');
    });
  });

  test('shows the photos behind a pair in the list and behind a cell of the matrix, and closes with Escape', async () => {
    await withPage(file, 'desktop', async (page) => {
      // Two stumps are wrong about at least two of four classes.
      await page.getByRole('tab', { name: /forest/ }).click();
      const panel = page.locator('[role=tabpanel]:not([hidden])');
      const dialog = page.getByRole('dialog');
      const pair = panel.locator('.pair').first();
      const cell = await pair.getAttribute('data-cell');
      const right = `${cell?.split(',')[1]},${cell?.split(',')[1]}`;
      for (const [place, title] of [
        [pair, / taken for /],
        [panel.locator(`svg.matrix rect[data-cell="${cell}"]`), / taken for /],
        [panel.locator(`svg.matrix rect[data-cell="${right}"]`), /, recognized$/],
      ] as const) {
        await place.click();
        assert.ok(await dialog.isVisible(), 'the dialog is open');
        assert.match((await dialog.getByRole('heading').textContent()) ?? '', title);
        const images = dialog.locator('img');
        assert.ok((await images.count()) > 0, 'it shows photos');
        const width = await images
          .first()
          .evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth);
        assert.ok(width > 0, 'the photo is an image');
        await page.keyboard.press('Escape');
        assert.ok(!(await dialog.isVisible()), 'Escape closes it');
      }
      await panel.locator('.pair').first().focus();
      await page.keyboard.press('Enter');
      await dialog.getByRole('button', { name: 'Close' }).click();
      assert.ok(!(await dialog.isVisible()), 'its button closes it');
    });
  });

  test('lists the most confident mistakes with their photos', async () => {
    await withPage(file, 'desktop', async (page) => {
      await page.getByRole('tab', { name: /forest/ }).click();
      const images = page.locator('[role=tabpanel]:not([hidden]) .photos img');
      assert.ok((await images.count()) > 0, 'there are photos');
      const loaded = await images.evaluateAll((all) =>
        all.every((image) => (image as unknown as { src: string }).src.startsWith('data:image/jpeg;base64,')),
      );
      assert.ok(loaded, 'every photo is in the page');
    });
  });

  test('switches the map to principal components and picks a class out', async () => {
    await withPage(file, 'desktop', async (page) => {
      await page.getByRole('radio', { name: 'principal components' }).check();
      assert.ok(await page.locator('#g0-pca').isVisible(), 'the components are shown');
      assert.ok(!(await page.locator('#g0-umap').isVisible()), 'UMAP is not');
      assert.equal(await page.locator('#g0-pca circle').count(), 48);
      await page.getByLabel('Pick out a class').selectOption({ label: 'off, "white"' });
      assert.equal(await page.locator('#g0-pca circle.picked').count(), 12);
      assert.equal(await page.locator('#g0-pca circle.faded').count(), 36);
    });
  });

  for (const [size, scheme] of [
    ['desktop', 'light'],
    ['tablet', 'dark'],
    ['phone', 'dark'],
  ] as const) {
    test(`has no serious accessibility fault and no sideways scroll: ${size}, ${scheme}`, async () => {
      await withPage(file, size, checkAccess, scheme);
    });
  }

  test('prints on white with its charts and without its controls', async () => {
    await withPage(
      file,
      'desktop',
      async (page) => {
        await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
        const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
        assert.equal(background, 'rgb(255, 255, 255)');
        assert.ok(!(await page.locator('nav').isVisible()), 'no navigation on paper');
        assert.ok(await page.locator('#g0-run0 svg.matrix').isVisible(), 'the matrix is printed');
        assert.ok((await page.pdf()).length > 10_000, 'it prints');
      },
      'dark',
    );
  });

  test('keeps groups that cannot be ranked apart, and does without predictions, photos and features', async () => {
    const folder = join(root, 'drawn');
    await writeDrawnReport(folder, 'svm', { model: 'svm', classCount: 40 });
    await writeDrawnReport(folder, 'linear', { model: 'linear', classCount: 40 });
    const odd = await writeDrawnReport(folder, 'odd', { model: 'forest', seed: 3, repeats: 2, randomWeights: true });
    await rm(join(odd, 'predictions.csv'));
    await withPage(await write(folder, 'page.html'), 'desktop', async (page) => {
      assert.equal(await page.locator('[data-group]').count(), 2);
      assert.match(
        (await page.locator('.apart').textContent()) ?? '',
        /Not comparable with the first group: .*seed 3, not 0/,
      );
      const text = (await page.locator('main').textContent()) ?? '';
      assert.match(text, /The feature set in cache\/drawn cannot be opened/);
      assert.match(text, /random weights/);
      assert.match(text, /Without predictions\.csv/);
      await checkAccess(page);
      // On paper, as on a tablet, a wide matrix stands above its list, not under it.
      await page.setViewportSize({ width: 720, height: 1000 });
      await page.emulateMedia({ media: 'print' });
      const [matrix, list] = await Promise.all(
        ['svg.matrix', '.pairs'].map((part) => page.locator(`#g0-run0 ${part}`).boundingBox()),
      );
      assert.ok((matrix?.y ?? 0) + (matrix?.height ?? 0) <= (list?.y ?? 0), 'the matrix ends above its list');
    });
  });
});

async function checkAccess(page: Page): Promise<void> {
  const [wide, inner] = (await page.evaluate('[document.documentElement.scrollWidth, window.innerWidth]')) as [
    number,
    number,
  ];
  assert.ok(wide <= inner, `${wide} pixels wide on a screen of ${inner}`);
  const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  await page.addScriptTag({ content: await readFile(axe, 'utf8') });
  const found = (await page.evaluate('axe.run()')) as {
    violations: { id: string; impact: string; nodes: { html: string }[] }[];
  };
  const serious = found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`);
  assert.deepEqual(serious, []);
}

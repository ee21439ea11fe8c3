import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { Browser, Locator, Page } from 'playwright-core';
import { readRuns } from '../../../src/report/analysis/run.ts';
import { compareReports } from '../../../src/report/comparison.ts';
import { gatherPage } from '../../../src/report/page/data/gather.ts';
import { writePage } from '../../../src/report/page/page.ts';
import { trainHeads } from '../../predict/trained.ts';
import { writeDrawnReport } from '../drawn-report.ts';
import { findAccessFaults, openBrowser, withoutBrowser } from './browser.ts';

const sizes = { desktop: [1280, 900], tablet: [820, 1100], phone: [390, 844] } as const;
const schemes = ['light', 'dark'] as const;
/** Combinations where axe checks the whole page, which takes seconds: each size once, and both schemes. */
const lookedAt = ['desktop, light', 'tablet, dark', 'phone, light'];

let root: string;
let browser: Browser;
let tab: Page;
/** The page of three real heads with mistakes: 48 photos of four classes, 15 of them tested. */
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
    checkLabels: true,
  });
  file = await write(join(root, 'reports'), 'index.html');
  browser = await openBrowser();
  tab = await openTab();
});
after(async () => {
  await browser?.close();
  if (root !== undefined) await rm(root, { recursive: true, force: true });
});

async function write(reports: string, name: string): Promise<string> {
  const path = join(reports, name);
  const comparison = await compareReports([reports]);
  const runs = await Promise.all(comparison.groups.map(readRuns));
  await writePage(path, await gatherPage(comparison, { version: '0.1.0', runs, page: path }));
  return path;
}

interface Visit {
  readonly size?: keyof typeof sizes;
  readonly colorScheme?: (typeof schemes)[number];
  /** The part after `#` of the address. */
  readonly at?: string;
  /** Keeps the page of the test before instead of opening it again. */
  readonly isOpen?: boolean;
}

/** Errors that the open page logged, and its requests. */
let faults: string[] = [];
let own = '';

/** One browser context for all tests: a new one takes longer to start than a page to open. */
async function openTab(): Promise<Page> {
  const context = await browser.newContext({
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    const url = request.url().replace(/#.*/, '');
    if (url !== own && !/^(data|blob):/.test(url)) faults.push(url);
  });
  return page;
}

/** Opens a page from disk. The test fails at its end if the page logged an error or made a request. */
async function withPage(path: string, visit: Visit, use: (page: Page) => Promise<void>): Promise<void> {
  if (visit.isOpen !== true) {
    // An address that differs only after the # would load nothing.
    await tab.goto('about:blank');
    const [width, height] = sizes[visit.size ?? 'desktop'];
    await tab.setViewportSize({ width, height });
    await tab.emulateMedia({ media: null, colorScheme: visit.colorScheme ?? 'light' });
    faults = [];
    own = pathToFileURL(path).href;
    await tab.goto(visit.at === undefined ? own : `${own}#${visit.at}`);
  }
  await use(tab);
  assert.deepEqual(faults, []);
}

const firstColumn = (page: Page, table: string): Promise<string[]> =>
  page.locator(`${table} tbody tr:not([hidden]) th`).allTextContents();
const gallery = (page: Page): Locator => page.locator('[data-part=gallery]');
/** Scrolls to the photos, which are drawn only then. */
const lookAtPhotos = async (page: Page): Promise<void> => {
  await page.getByRole('link', { name: 'Photos and classes' }).click();
  await gallery(page).locator('.photos li').first().waitFor();
};
/** Scrolls to the photos until as many are drawn as pass the filters. */
const countPhotos = async (page: Page): Promise<number> => {
  await lookAtPhotos(page);
  await page.waitForFunction(`(() => {
    const [, count = '48'] = /^(\\d+) of/.exec(document.querySelector('.toolbar [data-control=status]').textContent) ?? [];
    return document.querySelectorAll('[data-part=gallery] .photos li').length === Number(count);
  })()`);
  return gallery(page).locator('.photos li').count();
};
/** Scrolls to a part until it is drawn. */
const lookAt = async (page: Page, part: string, drawn: string): Promise<Locator> => {
  const place = page.locator(`[data-part=${part}]`);
  await place.scrollIntoViewIfNeeded();
  await place.locator(drawn).first().waitFor();
  return place;
};
/** Waits for the expected content: parts are redrawn when they become visible. */
const becomes = async (read: () => Promise<unknown>, expected: unknown): Promise<void> => {
  const end = Date.now() + 60_000;
  while (!isDeepStrictEqual(await read(), expected) && Date.now() < end) await setTimeout(20);
  assert.deepEqual(await read(), expected);
};
const status = (page: Page): Locator => page.locator('.toolbar [data-control=status]');
const viewer = (page: Page): Locator => page.getByRole('dialog');
/** The forest of two stumps is wrong about at least two of four classes. */
const chooseForest = (page: Page): Promise<string[]> => page.getByLabel('Head', { exact: true }).selectOption('forest');
const address = (page: Page): Promise<string> => page.evaluate('decodeURIComponent(location.hash)') as Promise<string>;
const clipboard = (page: Page): Promise<string> => page.evaluate('navigator.clipboard.readText()') as Promise<string>;

describe('the page', { skip: withoutBrowser }, () => {
  test('answers the four questions in boxes of one height and lists every run, without requests', async () => {
    await withPage(file, {}, async (page) => {
      const heights = new Set<number>();
      for (const question of ['Which head', 'How certain', 'What it gets wrong', 'Next']) {
        assert.ok(await page.getByRole('heading', { name: question, exact: true }).isVisible(), question);
        const box = await page.locator('.card', { hasText: question }).boundingBox();
        heights.add(Math.round(box?.height ?? 0));
      }
      assert.equal(heights.size, 1);
      assert.equal((await firstColumn(page, '#g0-runs')).length, 3);
      assert.match((await page.locator('.verdicts').first().textContent()) ?? '', /forest|no significant difference/);
    });
  });

  test('shows accuracy on the most confident photos and the sizes of prediction sets, as in the report', async () => {
    const [run] = (await compareReports([join(root, 'reports')])).groups[0]?.reports ?? [];
    const { riskCoverage = [], coverages = [] } = run?.conformal ?? {};
    const point = riskCoverage.find(({ answered }) => answered >= 0.8) ?? assert.fail();
    const sets = coverages.find(({ coverage }) => coverage === 0.95) ?? assert.fail();
    const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
    await withPage(file, { isOpen: true }, async (page) => {
      const words = `of the ${percent(point.answered)} of the photos it is surest of, ${percent(point.accuracy)} are right.`;
      assert.ok(await page.getByText(words).isVisible(), words);
      assert.equal((await firstColumn(page, '#g0-sure')).length, 3);
      const cells = await page.locator('#g0-sure tbody tr').first().locator('td').allTextContents();
      const expected = [point.accuracy, sets.reached].map(percent);
      const plain = cells.slice(0, 3).map((cell) => cell.replace(/\s/g, ' '));
      assert.deepEqual(plain, [...expected, sets.meanSetSize.toFixed(2)]);
      const chart = page.getByRole('img', { name: /^Risk and coverage: / });
      assert.equal(await chart.locator('polyline').count(), 3);
    });
  });

  test('has a strict policy: only its own style and script by their hashes, and pictures as data', async () => {
    await withPage(file, { isOpen: true }, async (page) => {
      const policy = (await page.locator('meta[http-equiv=Content-Security-Policy]').getAttribute('content')) ?? '';
      assert.match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; img-src data:; /);
      assert.doesNotMatch(policy, /unsafe/);
    });
  });

  test('every command of the next steps has a button that copies it', async () => {
    await withPage(file, { isOpen: true }, async (page) => {
      const commands = await page.locator('.steps code').allTextContents();
      assert.ok(commands.length >= 3, 'there are steps');
      for (const [i, command] of commands.entries()) {
        const button = page.locator('.steps button').nth(i);
        await button.click();
        assert.equal(await clipboard(page), command);
        assert.equal(await button.textContent(), 'Copied');
      }
    });
  });

  test('no absolute path is in its text', async () => {
    await withPage(file, { isOpen: true }, async (page) => {
      const prose = (await page.evaluate(`(() => {
        const copy = document.querySelector('main').cloneNode(true);
        for (const code of copy.querySelectorAll('.command')) code.remove();
        return copy.textContent;
      })()`)) as string;
      assert.ok(!prose.includes(root), 'the folder of the photos');
      assert.match(prose, /resnet-tiny\.safetensors/);
      const commands = await page.locator('.command').allTextContents();
      assert.ok(commands.some((command) => /relabel.* selected-photos\.csv --features \S+/.test(command)));
    });
  });

  test('sorts the runs by a column in both directions, with the mouse and the keyboard', async () => {
    await withPage(file, { isOpen: true }, async (page) => {
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

  test('reports how many labels were checked and by which head, and links to the files of a report', async () => {
    await withPage(file, { isOpen: true }, async (page) => {
      assert.match(
        (await gallery(page).textContent()) ?? '',
        /48 of 48 photos were checked by cross-validation with\s+5 folds/,
      );
      const links = page.locator('.files a');
      assert.ok((await links.count()) >= 3);
      for (const href of await links.evaluateAll((all) => all.map((a) => (a as unknown as { href: string }).href))) {
        if (/model-card|labels-to-check/.test(href)) continue;
        assert.ok((await stat(new URL(href))).isFile(), href);
      }
      const before = await links.first().getAttribute('href');
      await chooseForest(page);
      assert.notEqual(await page.locator('.files a').first().getAttribute('href'), before);
      assert.match((await page.locator('[data-part=about] h3').textContent()) ?? '', /forest/);
    });
  });

  test("shows the visible run's most confident mistakes, then right predictions, then training photos", async () => {
    await withPage(file, {}, async (page) => {
      await lookAtPhotos(page);
      await chooseForest(page);
      const said = await gallery(page).locator('.photos li').allTextContents();
      assert.equal(said.length, 48);
      const kinds = said.map((text) => (/taken for/.test(text) ? 0 : /right,/.test(text) ? 1 : 2));
      assert.deepEqual(kinds, [...kinds].sort());
      assert.ok(kinds.includes(0) && kinds.includes(1) && kinds.includes(2));
      const confidence = said
        .filter((text) => /taken for/.test(text))
        .map((text) => Number(/([\d.]+)\s%/.exec(text)?.[1]));
      assert.deepEqual(
        confidence,
        [...confidence].sort((a, b) => b - a),
      );
      const widths = await gallery(page)
        .locator('img')
        .evaluateAll((images) =>
          images.slice(0, 4).map((image) => (image as unknown as { naturalWidth: number }).naturalWidth),
        );
      assert.ok(
        widths.every((width) => width > 0),
        'the photos are images',
      );
    });
  });

  test('the viewer shows a photo, its path, the top five, other heads and training photos', async () => {
    await withPage(file, {}, async (page) => {
      await lookAtPhotos(page);
      await chooseForest(page);
      await page.getByRole('button', { name: 'Mistakes' }).click();
      const count = await gallery(page).locator('.photos li').count();
      await gallery(page).locator('.photos .open').first().click();
      const dialog = viewer(page);
      assert.match((await dialog.getByRole('heading').first().textContent()) ?? '', / taken for /);
      assert.equal(await dialog.locator('[data-viewer=position]').textContent(), `1 of ${count}`);
      const path = (await dialog.locator('[data-viewer=path]').textContent()) ?? '';
      assert.match(path, /^(red|green|blue|off, "white")\/.*\.png$/);
      await dialog.getByRole('button', { name: 'Copy the path' }).click();
      assert.equal(await clipboard(page), join(root, 'photos', path));
      assert.equal(await dialog.locator('[data-viewer=top] li').count(), 4);
      assert.equal(await dialog.locator('[data-viewer=others] li').count(), 2);
      assert.ok((await dialog.locator('[data-viewer=nearest] li').count()) >= 3, 'training photos are shown');
      await page.keyboard.press('ArrowRight');
      assert.equal(await dialog.locator('[data-viewer=position]').textContent(), `2 of ${count}`);
      await page.keyboard.press('End');
      assert.equal(await dialog.locator('[data-viewer=position]').textContent(), `${count} of ${count}`);
      await dialog.locator('[data-viewer=nearest] button').first().click();
      assert.match((await dialog.locator('[data-viewer=facts]').textContent()) ?? '', /it was in training/);
      await page.keyboard.press('Escape');
      assert.ok(!(await dialog.isVisible()), 'Escape closes it');
    });
  });

  test('filters apply to photos, matrix, classes and map together, and are kept in the address', async () => {
    await withPage(file, {}, async (page) => {
      await lookAtPhotos(page);
      await chooseForest(page);
      await page.getByLabel('Answer', { exact: true }).selectOption('wrong');
      const wrong = await countPhotos(page);
      assert.equal(await status(page).textContent(), `${wrong} of 48 photos`);
      const pairs = page.locator('[data-part=matrix] ol li');
      await lookAt(page, 'matrix', '.pair');
      const pairCounts = async (): Promise<number> =>
        (await pairs.allTextContents()).reduce((sum, text) => sum + Number(/(\d+)×/.exec(text)?.[1]), 0);
      await becomes(pairCounts, wrong);
      await page.getByLabel('Class', { exact: true }).fill('RED');
      await lookAt(page, 'classes', 'td');
      await becomes(() => firstColumn(page, '[data-part=classes]'), ['red']);
      const left = await countPhotos(page);
      for (const text of await gallery(page).locator('.photos li').allTextContents()) assert.match(text, /red/);
      assert.ok(left > 0 && left <= wrong, `${left} of ${wrong}`);
      await lookAt(page, 'matrix', '.pair');
      await becomes(pairCounts, left);
      for (const text of await pairs.allTextContents()) assert.match(text, /\bred\b/);
      assert.match(await address(page), /run=forest&class=RED&answer=wrong/);
      await page.getByRole('button', { name: 'Clear filters' }).click();
      assert.equal(await status(page).textContent(), 'all 48 photos');
    });
    await withPage(file, { at: 'g0-explore&run=forest&class=red&answer=wrong&least=10' }, async (page) => {
      assert.equal(await page.getByLabel('Head', { exact: true }).inputValue(), await forestValue(page));
      assert.equal(await page.getByLabel('Class', { exact: true }).inputValue(), 'red');
      assert.match((await status(page).textContent()) ?? '', /^\d+ of 48 photos$/);
      assert.ok(await gallery(page).isVisible(), 'it opens at the section');
      await page.getByRole('link', { name: 'All runs' }).click();
      assert.match(await address(page), /^#g0-runs&run=forest&class=red/);
      assert.equal(await page.getByLabel('Class', { exact: true }).inputValue(), 'red');
    });
  });

  test('a filter by side and confidence selects test photos, and an unknown class selects none', async () => {
    await withPage(file, { at: 'g0-explore&side=training' }, async (page) => {
      assert.equal(await status(page).textContent(), '33 of 48 photos');
      await page.getByLabel('Side', { exact: true }).selectOption('test');
      assert.equal(await status(page).textContent(), '15 of 48 photos');
      await page.getByLabel('Confidence from').fill('60');
      await page.keyboard.press('Tab');
      await countPhotos(page);
      const shown = await gallery(page).locator('.photos li').allTextContents();
      for (const text of shown) assert.ok(Number(/([\d.]+)\s%/.exec(text)?.[1]) >= 59.9, text);
      await page.getByLabel('Class', { exact: true }).fill('no such class');
      await page.getByText('No photos match these filters.').waitFor();
    });
  });

  test('a cell of the matrix, by mouse and by keyboard, and a pair of the list open their photos', async () => {
    await withPage(file, {}, async (page) => {
      await chooseForest(page);
      const part = await lookAt(page, 'matrix', '.pair');
      await part.locator('.pair').first().click();
      const title = viewer(page).getByRole('heading').first();
      assert.match((await title.textContent()) ?? '', / taken for /);
      await page.keyboard.press('Escape');
      const matrix = part.getByRole('application');
      await matrix.focus();
      const said = part.locator('[data-control=cell]');
      // To the right in the first row and down until a cell with photos.
      await page.keyboard.press('ArrowRight');
      for (let step = 0; step < 8 && !/: [1-9]/.test((await said.textContent()) ?? ''); step++) {
        await page.keyboard.press(step % 2 === 0 ? 'ArrowRight' : 'ArrowDown');
      }
      assert.match((await said.textContent()) ?? '', /: [1-9]\d* of /);
      await page.keyboard.press('Enter');
      assert.ok(await viewer(page).isVisible(), 'Enter opens the photos of a cell');
      await page.keyboard.press('Escape');
      const box = await part.locator('canvas').boundingBox();
      assert.ok(box !== null);
      let opened = false;
      for (let x = box.width - 20; x > 60 && !opened; x -= 12) {
        await page.mouse.click(box.x + x, box.y + box.height - 26);
        opened = await viewer(page).isVisible();
      }
      assert.ok(opened, 'a click on a cell opens its photos');
    });
  });

  test('the map shows a photo on hover, opens it on a click, and arrow keys move from point to point', async () => {
    await withPage(file, {}, async (page) => {
      const part = await lookAt(page, 'map', '.legend li');
      const canvas = part.locator('canvas');
      await canvas.focus();
      await page.keyboard.press('ArrowRight');
      const said = part.locator('[data-control=dot]');
      const first = await said.textContent();
      assert.match(first ?? '', /Enter or a click opens it/);
      await page.keyboard.press('ArrowUp');
      await page.keyboard.press('ArrowRight');
      assert.ok(await part.locator('.tip img').isVisible(), 'the photo stands beside the dot');
      await page.keyboard.press('Enter');
      assert.ok(await viewer(page).isVisible());
      await page.keyboard.press('Escape');
      assert.deepEqual(await part.locator('.legend li').allTextContents(), ['blue', 'green', 'off, "white"', 'red']);
    });
  });

  test('a region drawn on the map selects its photos everywhere, and is kept in the address', async () => {
    let link = '';
    let inside = '';
    await withPage(file, {}, async (page) => {
      const part = await lookAt(page, 'map', '.legend li');
      const box = await part.locator('canvas').boundingBox();
      assert.ok(box !== null);
      const corner = (x: number, y: number): [number, number] => [box.x + x * box.width, box.y + y * box.height];
      // The left half: some photos, not all.
      await page.mouse.move(...corner(0.01, 0.01));
      await page.mouse.down();
      for (const [x, y] of [
        [0.5, 0.01],
        [0.5, 0.99],
        [0.01, 0.99],
      ] as const) {
        await page.mouse.move(...corner(x, y), { steps: 4 });
      }
      await page.mouse.up();
      inside = (await status(page).textContent()) ?? '';
      const count = Number(/^(\d+) of 48 photos$/.exec(inside)?.[1]);
      assert.ok(count > 0 && count < 48, inside);
      assert.equal(await part.locator('[data-control=listed] li').count(), Math.min(24, count));
      assert.equal(await countPhotos(page), count);
      link = (await address(page)).slice(1);
      assert.match(link, /region=/);
      await page.getByRole('button', { name: 'Drop the region of the map' }).click();
      assert.equal(await status(page).textContent(), 'all 48 photos');
    });
    await withPage(file, { at: encodeURI(link) }, async (page) => {
      assert.equal(await status(page).textContent(), inside);
      await page.getByRole('radio', { name: 'Principal components' }).check();
      assert.equal(await status(page).textContent(), 'all 48 photos');
    });
  });

  test('shows the photos that one of two runs has right and the other has wrong', async () => {
    await withPage(file, { at: 'left=forest&right=svm linear' }, async (page) => {
      const part = await lookAt(page, 'sides', '.photos li');
      const heading = (await part.getByRole('heading', { name: /Only svm linear is right/ }).textContent()) ?? '';
      const count = Number(/(\d+)$/.exec(heading)?.[1]);
      assert.ok(count > 0, heading);
      assert.equal(await part.locator('[data-control=only-right] li').count(), Math.min(24, count));
      const words = await page.locator('.verdicts').first().textContent();
      assert.ok(words?.includes('forest'));
      await part.locator('[data-control=only-right] .open').first().click();
      assert.match((await viewer(page).locator('[data-viewer=facts]').textContent()) ?? '', /forest says/);
    });
  });

  test('selected photos become a CSV of ids, labels, suggestions and paths, on the clipboard and as a file', async () => {
    await withPage(file, {}, async (page) => {
      await lookAtPhotos(page);
      const photos = gallery(page).locator('.photos');
      await photos.locator('.open').first().focus();
      await page.keyboard.press('x');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('x');
      assert.equal(await gallery(page).locator('[data-control=selected]').textContent(), '2 photos selected.');
      await gallery(page).getByRole('button', { name: 'Copy CSV' }).click();
      const lines = (await clipboard(page)).trim().split('\n');
      assert.equal(lines[0], 'id,label,suggestion,path');
      assert.equal(lines.length, 3);
      assert.ok(lines[1]?.includes(join(root, 'photos')), lines[1]);
      const download = page.waitForEvent('download');
      await gallery(page).getByRole('button', { name: 'Save CSV' }).click();
      const saved = await download;
      assert.equal(saved.suggestedFilename(), 'selected-photos.csv');
      assert.equal(await readFile((await saved.path()) as string, 'utf8'), `${lines.join('\n')}\n`);
      await gallery(page).getByRole('button', { name: 'Select none' }).click();
      assert.ok(await gallery(page).getByRole('button', { name: 'Copy CSV' }).isDisabled());
      await gallery(page)
        .getByRole('button', { name: /^Select all 48 shown$/ })
        .click();
      assert.equal(await gallery(page).locator('[data-control=selected]').textContent(), '48 photos selected.');
    });
  });

  for (const size of Object.keys(sizes) as (keyof typeof sizes)[]) {
    for (const colorScheme of schemes) {
      const claim = lookedAt.includes(`${size}, ${colorScheme}`) ? 'no serious accessibility fault and ' : '';
      test(`has ${claim}no horizontal scrolling: ${size}, ${colorScheme}`, async () => {
        await withPage(file, { size, colorScheme }, async (page) => {
          const check = lookedAt.includes(`${size}, ${colorScheme}`) ? checkAccess : checkWidth;
          await drawAll(page);
          await check(page);
          await lookAtPhotos(page);
          await page.locator('[data-part=gallery] .open').first().click();
          // The page behind it was already scrolled through.
          await check(page, 'document.querySelector("dialog[open]")');
          const box = await viewer(page).boundingBox();
          assert.ok((box?.width ?? 0) <= sizes[size][0], 'the viewer fits the screen');
        });
      });
    }
  }

  test('links of the navigation, and an address, scroll to their section, whatever is drawn above it', async () => {
    /** Distance of a heading from the top; NaN while it moves. */
    const distance = async (page: Page, id: string): Promise<number> =>
      (await page.evaluate(`(async () => {
        const top = () => Math.round(document.getElementById('${id}').getBoundingClientRect().top);
        const before = top();
        for (let frame = 0; frame < 8; frame++) await new Promise(requestAnimationFrame);
        return top() === before ? before : NaN;
      })()`)) as number;
    for (const part of ['sides', 'alike']) {
      await withPage(file, {}, async (page) => {
        // Low, so that the end of the page stops none of them.
        await page.setViewportSize({ width: 1280, height: 200 });
        await page.reload();
        // A smooth scroll passes the parts above, which would be drawn on the way.
        await page.emulateMedia({ reducedMotion: 'no-preference' });
        await page.locator(`nav a[href="#g0-${part}"]`).click();
        await becomes(async () => [part, await distance(page, `g0-${part}`)], [part, 48]);
        await page.emulateMedia({ reducedMotion: 'reduce' });
        if (part !== 'sides') return;
        await page.reload();
        await becomes(async () => [part, await distance(page, `g0-${part}`)], [part, 48]);
      });
    }
  });

  test('prints all parts on white, without its controls', async () => {
    await withPage(file, { colorScheme: 'dark' }, async (page) => {
      assert.ok((await page.pdf()).length > 10_000, 'it prints');
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      assert.equal(background, 'rgb(255, 255, 255)');
      assert.ok(!(await page.locator('nav').isVisible()), 'no navigation on paper');
      assert.ok(!(await page.locator('.toolbar').isVisible()), 'no filters on paper');
      assert.ok((await page.locator('[data-part=classes] tbody tr').count()) === 4, 'the classes are drawn');
      assert.ok((await page.locator('[data-part=gallery] img').count()) === 48, 'the photos are drawn');
      assert.ok(await page.locator('[data-part=matrix] canvas').isVisible(), 'the matrix is printed');
    });
  });

  test('separates groups that cannot be ranked, and works without predictions, photos and features', async () => {
    const folder = join(root, 'drawn');
    await writeDrawnReport(folder, 'svm', { model: 'svm', classCount: 40 });
    await writeDrawnReport(folder, 'linear', { model: 'linear', classCount: 40 });
    const odd = await writeDrawnReport(folder, 'odd', { model: 'forest', seed: 3, repeats: 2, randomWeights: true });
    await rm(join(odd, 'predictions.csv'));
    await withPage(await write(folder, 'page.html'), {}, async (page) => {
      assert.equal(await page.locator('[data-group]').count(), 2);
      assert.match(
        (await page.locator('.apart').textContent()) ?? '',
        /Not comparable with the first group: .*seed 3, not 0/,
      );
      const text = (await page.locator('main').textContent()) ?? '';
      assert.match(text, /The feature set in cache\/drawn cannot be opened/);
      assert.match(text, /random weights/);
      assert.match(text, /Without predictions\.csv/);
      await drawAll(page);
      await checkAccess(page);
      // Each group has filters of its own, the second one's under its number.
      await page.locator('[data-group="1"]').getByLabel('Class', { exact: true }).fill('breed 003');
      assert.match(await address(page), /2\.class=breed\+003/);
    });
  });

  test('opens with 120 classes in fewer than 5,000 elements, and draws the rest on demand', async () => {
    const folder = join(root, 'many');
    for (const model of ['svm', 'linear', 'forest', 'knn', 'ridge', 'mlp']) {
      await writeDrawnReport(folder, model, { model, classCount: 120, skill: 0.7 });
    }
    await withPage(await write(folder, 'page.html'), {}, async (page) => {
      const elements = (): Promise<number> => page.evaluate('document.querySelectorAll("*").length') as Promise<number>;
      const atFirst = await elements();
      assert.ok(atFirst < 5000, `${atFirst} elements`);
      await drawAll(page);
      assert.equal(await page.locator('[data-part=classes] tbody tr').count(), 120);
      assert.ok((await elements()) > atFirst, 'parts were drawn');
    });
  });
});

const forestValue = async (page: Page): Promise<string> =>
  (await page.locator('[data-control=run] option', { hasText: 'forest' }).getAttribute('value')) ?? '';

/** Scrolls to every part once. */
async function drawAll(page: Page): Promise<void> {
  for (const part of await page.locator('[data-part]').all()) {
    if (await part.isVisible()) await part.scrollIntoViewIfNeeded();
  }
  await page.waitForFunction(
    `[...document.querySelectorAll('[data-part=classes]')].every((part) => part.querySelector('td'))`,
  );
}

async function checkWidth(page: Page): Promise<void> {
  const [wide, inner] = (await page.evaluate('[document.documentElement.scrollWidth, window.innerWidth]')) as [
    number,
    number,
  ];
  assert.ok(wide <= inner, `${wide} pixels wide on a screen of ${inner}`);
}

async function checkAccess(page: Page, part?: string): Promise<void> {
  await checkWidth(page);
  const found = await findAccessFaults(page, part);
  assert.deepEqual(
    found.filter(({ impact }) => impact === 'serious' || impact === 'critical'),
    [],
  );
}

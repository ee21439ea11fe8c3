import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { RunningServer } from '../../src/serve/serve.ts';
import { type TrainedHeads, trainHeads } from '../predict/trained.ts';
import { findAccessFaults, openBrowser, withoutBrowser } from '../report/page/browser.ts';
import { type Answer, post, serveReports } from './served.ts';

describe("serve's page", { timeout: 300_000, skip: withoutBrowser }, () => {
  let root = '';
  let trained: TrainedHeads;
  let reports: readonly string[] = [];
  let server: RunningServer;
  let browser: Browser;
  /** One page for most tests: a new one takes longer to start than to open. */
  let page: Page;
  /** Its requests to other hosts, and its errors. */
  let faults: string[] = [];
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'featuretap-serve-page-'));
    trained = await trainHeads(root, {
      models: [
        ['linear', { calibrate: 'temperature' }],
        ['knn', {}],
      ],
    });
    reports = trained.reports.map(({ report }) => report);
    server = await serveReports(reports);
    browser = await openBrowser();
    page = await browser.newPage();
    page.on('request', (request) => {
      if (!/^blob:/.test(request.url()) && !request.url().startsWith(server.url)) faults.push(request.url());
    });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy/i.test(message.text())) faults.push(message.text());
    });
  });
  after(async () => {
    await browser.close();
    await server.close();
    await rm(root, { recursive: true });
  });

  const photo = (name: string): string => join(trained.data, name);

  for (const [width, height, scheme] of [
    [360, 740, 'dark'],
    [820, 1180, 'light'],
    [1440, 900, 'dark'],
  ] as const) {
    it(`shows the server's answers side by side, and passes axe: ${width} pixels, ${scheme}`, async () => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: scheme });
      faults = [];
      await page.goto(server.url);
      await checkAccess(page);
      await page.setInputFiles('#choose-files', [photo('red/red-00.png'), photo('blue/blue-03.png')]);
      await saying(page, '2 of 2 photos answered.');
      const { heads } = (await (await post(server.url, await readFile(photo('red/red-00.png')))).json()) as {
        heads: readonly Answer[];
      };
      const card = page.locator('#answers > li').first();
      assert.deepEqual(
        await card.locator('.heads .top .name').allTextContents(),
        heads.flatMap(({ images }) => images[0]?.top.map((entry) => entry.class)),
      );
      assert.deepEqual(
        await card.locator('.heads .top .share').allTextContents(),
        heads.flatMap(({ images }) => images[0]?.top.map((entry) => `${(entry.probability * 100).toFixed(1)} %`)),
      );
      assert.equal(await page.locator('canvas[role=img]').count(), 2);
      await checkKnowing(page, await knowing(server.url, photo('red/red-00.png')));
      await checkAccess(page);
      assert.deepEqual(faults, []);
    });
  }

  it('works with the keyboard: a button opens the files, Clear removes the answers', async () => {
    await page.goto(server.url);
    // From here on the browser opens a file dialog.
    const chosen = page.waitForEvent('filechooser');
    await page.locator('#heads', { hasText: '4 classes' }).waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.id'), 'choose');
    await page.keyboard.press('Enter');
    const chooser = await chosen;
    await chooser.setFiles(photo('red/red-01.png'));
    await page.waitForSelector('.heads');
    await page.focus('#clear');
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('#answers > li').count(), 0);
    assert.equal(await page.evaluate('document.activeElement.id'), 'choose');
  });

  it('accepts dropped and pasted photos, and gives the reason for a failed one', async () => {
    await page.goto(server.url);
    const bytes = (await readFile(photo('green/green-02.png'))).toString('base64');
    for (const [event, target] of [
      ['drop', 'document.getElementById("drop")'],
      ['paste', 'document.body'],
    ] as const) {
      await page.evaluate(`{
        const data = new DataTransfer();
        const bytes = Uint8Array.from(atob('${bytes}'), (c) => c.charCodeAt(0));
        data.items.add(new File([bytes], '${event}.png', { type: 'image/png' }));
        data.items.add(new File(['no image'], '${event}-bad.jpg', { type: 'image/jpeg' }));
        data.items.add(new File([], '${event}-empty.jpg', { type: 'image/jpeg' }));
        data.items.add(new File(['a table'], 'table.csv', { type: 'text/csv' }));
        const init = { bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data };
        ${target}.dispatchEvent('${event}' === 'drop' ? new DragEvent('drop', init) : new ClipboardEvent('paste', init));
      }`);
    }
    await saying(page, '2 of 6 photos answered, 4 without an answer. 2 files are no image.');
    assert.deepEqual((await page.locator('#answers h3').allTextContents()).sort(), [
      'drop-bad.jpg',
      'drop-empty.jpg',
      'drop.png',
      'paste-bad.jpg',
      'paste-empty.jpg',
      'paste.png',
    ]);
    const [unknown, empty] = ['No answer: not a known image format', 'No answer: the file is empty'];
    assert.deepEqual((await page.locator('.failed').allTextContents()).sort(), [unknown, unknown, empty, empty]);
    assert.equal(await page.getByText('No thumbnail').count(), 0, 'what nobody can read is not blamed on the browser');
  });

  it('uses the camera on a phone and a folder on other machines', async () => {
    await page.goto(server.url);
    assert.equal(await page.getAttribute('#camera-files', 'capture'), 'environment');
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.click('#folder')]);
    await chooser.setFiles(join(trained.data, 'blue'));
    await saying(page, '10 of 10 photos answered.');
    assert.ok((await page.locator('#answers h3').allTextContents()).includes('blue/blue-00.png'));
  });

  it('asks for the token of the server, and reads one from the address', async () => {
    const token = 'a-token-of-some-length';
    const guarded = await serveReports(reports.slice(0, 1), { token });
    try {
      await page.goto(guarded.url);
      await page.fill('#token-text', token);
      await page.keyboard.press('Enter');
      await page.waitForSelector('#token', { state: 'hidden' });
      await page.setInputFiles('#choose-files', photo('red/red-00.png'));
      await page.waitForSelector('.heads');
      const linked = await browser.newPage();
      await linked.goto(`${guarded.url}#token=${token}`);
      await linked.locator('#heads', { hasText: '4 classes' }).waitFor();
      await linked.close();
    } finally {
      await guarded.close();
    }
  });
});

interface Known {
  readonly heads: readonly Answer[];
}

async function knowing(url: string, photo: string): Promise<Known> {
  const query = 'abstain=true&unlike=true&why=true&overlay=true';
  const response = await fetch(`${url}predict?${query}`, { method: 'POST', body: await readFile(photo) });
  return (await response.json()) as Known;
}

/** Compares the first card with the server: sets, marks, evidence and training photos of each head. */
async function checkKnowing(page: Page, { heads }: Known): Promise<void> {
  const card = page.locator('#answers > li').first();
  const images = heads.map((head) => head.images[0] ?? assert.fail());
  const marks = (await card.locator('.mark').allTextContents()).join('\n');
  const unsure = images.filter(({ answer }) => answer === null);
  assert.equal(marks.match(/Not sure\./g)?.length ?? 0, unsure.length);
  for (const { set = [] } of unsure) assert.ok(marks.includes(`${set.length} of 4 classes: ${set.join(', ')}.`), marks);
  const unlike = images.filter((image) => image.unlike === true).length;
  assert.equal(marks.match(/Unlike the training photos\./g)?.length ?? 0, unlike);
  assert.deepEqual(
    await card.locator('.like li').allTextContents(),
    images.flatMap(({ like = [] }) => like.map(({ id, label, similarity }) => `${label}${similarity.toFixed(3)}${id}`)),
  );
  const overlay = card.locator('figure img');
  assert.equal(await overlay.count(), 1, 'of the head that has one');
  const alt = (await overlay.getAttribute('alt')) ?? '';
  assert.match(alt, /^Evidence for red in red-00\.png: most at the (top|bottom) (left|right)$/);
  const width = `{ const image = document.querySelector('figure img'); image.decode().then(() => image.naturalWidth); }`;
  assert.equal(await page.evaluate(width), 64);
  await page.locator('#limits summary').click();
  assert.match((await page.locator('#limit-list').textContent()) ?? '', /no evidence map, since the scores of knn/);
}

/** Resolves when the page shows the text. */
function saying(page: Page, text: string): Promise<void> {
  return page.getByText(text, { exact: true }).waitFor();
}

async function checkAccess(page: Page): Promise<void> {
  const [wide, inner] = (await page.evaluate('[document.documentElement.scrollWidth, window.innerWidth]')) as [
    number,
    number,
  ];
  assert.ok(wide <= inner, `${wide} pixels wide on a screen of ${inner}`);
  assert.deepEqual(await findAccessFaults(page), []);
}

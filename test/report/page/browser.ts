import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';

const places = [
  process.env['FEATURETAP_BROWSER'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** An installed Chromium or Chrome; tests download none. */
export const browserPath: string | undefined = places.find((place) => place !== undefined && existsSync(place));

/** `skip` option of a test that needs a browser: false, or the reason. */
export const withoutBrowser: string | false =
  browserPath === undefined && 'skipped: no Chromium is installed; $FEATURETAP_BROWSER may name one';

export function openBrowser(): Promise<Browser> {
  if (browserPath === undefined) throw new Error('no browser: skip with withoutBrowser');
  // Not imported: importing would scan megabytes of script for export names.
  const { chromium } = createRequire(import.meta.url)('playwright-core') as typeof import('playwright-core');
  // Root in a container has no user namespaces; the page is our own.
  return chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu'] });
}

/** axe's violations on a page: the rule, its impact, and the first element. */
export interface AccessFault {
  readonly id: string;
  readonly impact: string;
  readonly html: string;
}

/** @param part selector that limits the check */
export async function findAccessFaults(page: Page, part = 'document'): Promise<readonly AccessFault[]> {
  // Evaluated with the debugger, since the pages' policies admit no script.
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  // Rules that pass are not reported: this would take as long again, and megabytes of output.
  return page.evaluate(`axe.run(${part}, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.map(({ id, impact, nodes }) => ({ id, impact, html: nodes[0]?.html.slice(0, 200) })))`);
}

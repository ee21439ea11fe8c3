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
  // Not imported: its names would be looked for in megabytes of script.
  const { chromium } = createRequire(import.meta.url)('playwright-core') as typeof import('playwright-core');
  // Root in a container has no user namespaces; the page is our own.
  return chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu'] });
}

/** What axe says against a page: the rule, how bad it is, and the first place. */
export interface AccessFault {
  readonly id: string;
  readonly impact: string;
  readonly html: string;
}

/** @param part what axe looks at, in the page's own words */
export async function findAccessFaults(page: Page, part = 'document'): Promise<readonly AccessFault[]> {
  // By the debugger's own way: the pages' policies let no script in.
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  // What passes is not described: that would take as long again, and megabytes on the way here.
  return page.evaluate(`axe.run(${part}, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.map(({ id, impact, nodes }) => ({ id, impact, html: nodes[0]?.html.slice(0, 200) })))`);
}

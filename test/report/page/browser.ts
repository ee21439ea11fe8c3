import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

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
  // Root in a container has no user namespaces; the page is our own.
  return chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu'] });
}

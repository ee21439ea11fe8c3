import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { openBrowser } from '../../test/report/page/browser.ts';

/**
 * Writes docs/page.png: the top of a page of `compare`, for the README.
 * Run: npm run docs:picture -- demo/reports, after npm run demo.
 */

const [folder = 'demo/reports'] = process.argv.slice(2);
const page = resolve(folder, 'index.html');
if (!existsSync(page)) {
  console.error(`${page} is missing: npm run demo writes it`);
  process.exit(2);
}
const target = join('docs', 'page.png');
const browser = await openBrowser();
try {
  const tab = await browser.newPage({ viewport: { width: 1280, height: 1100 }, colorScheme: 'light' });
  await tab.goto(pathToFileURL(page).href);
  await tab.waitForTimeout(500);
  // A palette image is small, and the page has few colours.
  await sharp(await tab.screenshot())
    .png({ palette: true, colours: 128, effort: 10 })
    .toFile(target);
} finally {
  await browser.close();
}
console.log(`${target}: ${Math.ceil(statSync(target).size / 1000)} kB`);

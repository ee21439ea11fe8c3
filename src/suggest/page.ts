import { createHash } from 'node:crypto';
import { percent } from '../report/figures.ts';
import { breakable, type Html, html, raw } from '../report/page/html.ts';
import { pageStyle } from '../report/page/style.ts';
import { programVersion } from '../system/version.ts';
import type { Suggestion } from './suggest.ts';
import { suggestionsFile } from './suggestions-csv.ts';

export interface SuggestionsPage {
  readonly photos: readonly Suggestion[];
  /** Photos that were chosen among. */
  readonly unlabelled: number;
  /** Of the photos, as the user typed it. */
  readonly folder: string;
  /** Of the head's report, as the user typed it. */
  readonly head: string;
  /** Image id to a WebP file in base64. */
  readonly thumbnails: ReadonlyMap<string, string>;
}

/** Nothing but what this file holds: its own style by its hash, pictures as data, no script and no connection. */
const policy: string = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(pageStyle).digest('base64')}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** A page of the photos to label, the first to label first: one file that needs no other and no network. */
export function suggestionsHtml({ photos, unlabelled, folder, head, thumbnails }: SuggestionsPage): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Photos to label next</title>
<link rel="icon" href="data:,">
<style>${raw(pageStyle)}</style>
</head>
<body>
<header><h1>Photos to label next</h1>
<p class="lead">${photos.length} of ${unlabelled} photos without a label in <code>${breakable(folder)}</code>: those that would teach <code>${breakable(head)}</code> most, the first one first.</p></header>
<main>
<p class="note">Under each photo: the two classes between which the head wavers, with their probabilities. The same as a table: <code>${suggestionsFile}</code> beside this page.</p>
<ol class="photos">${photos.map((photo) => tile(photo, thumbnails.get(photo.id)))}</ol>
</main>
<footer>Written by featuretap ${programVersion()}. Everything on this page is inside this one file.</footer>
</body>
</html>
`;
  return page.html;
}

function tile({ rank, path, likeliest }: Suggestion, picture: string | undefined): Html {
  const [first, second] = likeliest;
  return html`<li><span class="open">${
    picture === undefined
      ? html`<span class="no-photo">no photo</span>`
      : html`<img src="data:image/webp;base64,${raw(picture)}" alt="Photo ${rank}, ${path}" width="144" height="144">`
  }</span>
<span><b>${rank}.</b> ${breakable(first.class)} <span class="count">${percent(first.probability)}</span></span>
<span>or ${breakable(second.class)} <span class="count">${percent(second.probability)}</span></span>
<code class="soft">${breakable(path)}</code></li>`;
}

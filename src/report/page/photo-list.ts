import { createHash } from 'node:crypto';
import { programVersion } from '../../system/version.ts';
import { breakable, type Html, html, raw } from './html.ts';
import { pageStyle } from './style.ts';

/** One photo of a list, and what stands under it. */
export interface ListedPhoto {
  /** As the page shows it: a path, or a path in an archive. */
  readonly file: string;
  /** A WebP file in base64; undefined where the photo cannot be read any more. */
  readonly picture: string | undefined;
  readonly lines: readonly Html[];
}

export interface PhotoList {
  readonly title: string;
  readonly lead: Html;
  readonly note?: Html;
  readonly photos: readonly ListedPhoto[];
}

/** Nothing but what this file holds: its own style by its hash, pictures as data, no script and no connection. */
const policy: string = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(pageStyle).digest('base64')}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** A page of photos in their order: one file that needs no other and no network. */
export function photoListHtml({ title, lead, note, photos }: PhotoList): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${raw(pageStyle)}</style>
</head>
<body>
<header><h1>${title}</h1>
<p class="lead">${lead}</p></header>
<main>
${note === undefined ? '' : html`<p class="note">${note}</p>`}
<ol class="photos">${photos.map(tile)}</ol>
</main>
<footer>Written by featuretap ${programVersion()}. Everything on this page is inside this one file.</footer>
</body>
</html>
`;
  return page.html;
}

function tile({ file, picture, lines }: ListedPhoto, place: number): Html {
  return html`<li><span class="open">${
    picture === undefined
      ? html`<span class="no-photo">no photo</span>`
      : html`<img src="data:image/webp;base64,${raw(picture)}" alt="Photo ${place + 1}, ${file}" width="144" height="144">`
  }</span>
${lines.map((line) => html`<span>${line}</span>`)}
<code class="soft">${breakable(file)}</code></li>`;
}

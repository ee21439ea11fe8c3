import { programVersion } from '../../system/version.ts';
import { documentHead } from './document-head.ts';
import { breakable, type Html, html, raw } from './html.ts';

interface ListedPhoto {
  /** A path, or a path in an archive. */
  readonly file: string;
  /** WebP in base64; undefined if the photo is no longer readable. */
  readonly picture: string | undefined;
  readonly lines: readonly Html[];
}

interface PhotoList {
  readonly title: string;
  readonly lead: Html;
  readonly note?: Html;
  readonly photos: readonly ListedPhoto[];
}

/** A self-contained page of photos, in the given order. */
export function photoListHtml({ title, lead, note, photos }: PhotoList): string {
  const page = html`${documentHead(title)}
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

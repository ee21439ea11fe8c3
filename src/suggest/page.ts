import { percent } from '../report/figures.ts';
import { breakable, html } from '../report/page/html.ts';
import { photoListHtml } from '../report/page/photo-list.ts';
import { counted } from '../system/printable.ts';
import type { Suggestion } from './suggest.ts';
import { suggestionsFile } from './suggestions-csv.ts';

interface SuggestionsPage {
  readonly photos: readonly Suggestion[];
  /** Number of candidate photos. */
  readonly unlabelled: number;
  /** Of the photos, as the user typed it. */
  readonly folder: string;
  /** Of the head's report, as the user typed it. */
  readonly head: string;
  /** Image id to a WebP file in base64. */
  readonly thumbnails: ReadonlyMap<string, string>;
}

/** A page of the photos to label, most useful first. */
export function suggestionsHtml({ photos, unlabelled, folder, head, thumbnails }: SuggestionsPage): string {
  return photoListHtml({
    title: 'Photos to label next',
    lead: html`${photos.length} of ${counted(unlabelled, 'photo')} without a label in <code>${breakable(folder)}</code>: those that <code>${breakable(head)}</code> would learn most from, in order.`,
    note: html`Under each photo: the predicted class and the most probable other, with their probabilities. The same as a table: <code>${suggestionsFile}</code> beside this page.`,
    photos: photos.map(({ id, rank, path, likeliest: [first, second] }) => ({
      file: path,
      picture: thumbnails.get(id),
      lines: [
        html`<b>${rank}.</b> ${breakable(first.class)} <span class="count">${percent(first.probability)}</span>`,
        html`or ${breakable(second.class)} <span class="count">${percent(second.probability)}</span>`,
      ],
    })),
  });
}

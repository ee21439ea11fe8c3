import { valueAt } from '../../../system/at.ts';
import { ownCommand } from '../../../system/own-command.ts';
import { counted } from '../../../system/printable.ts';
import type { AlikePair } from '../../alike/alike-images.ts';
import type { GroupData } from '../../analysis/group-data.ts';
import { reportCommand } from '../../report-command.ts';
import { breakable, copyable, type Html, html } from '../html.ts';

/** Most pairs shown with photos. */
const shownPairs = 12;

/** Near-duplicate photos, and their effect on the figures. */
export function alikeSection(data: GroupData): Html {
  const { alike } = data;
  if (alike === undefined) return html``;
  const { pairs, compared, of } = alike;
  const report = data.runs[0]?.run.report;
  const made = report && !report.command.includes(' --groups ') ? reportCommand(report) : undefined;
  const again = made ?? ownCommand('classify');
  const part = compared < of ? ` Compared were ${compared} of ${counted(of, 'image')}.` : '';
  if (pairs.length === 0) return html`<p>No two photos are nearly the same.${part}</p>`;
  const apart = pairs.filter(({ timesApart }) => timesApart > 0).length;
  const leak =
    apart === 0
      ? `${pairs.length === 1 ? 'It was not' : 'None of them was'} divided between training and test images.`
      : `${pairs.length === 1 ? 'It was' : `${apart} of them ${apart === 1 ? 'was' : 'were'}`} divided between training and test images: a head that was trained on one knows the other, so the figures are too optimistic.`;
  return html`<p>${pairs.length} ${pairs.length === 1 ? 'pair lies' : 'pairs lie'} much closer together than usual: copies, crops of one photo,
    or shots of one moment. ${leak}${part}</p>
    <ul class="twins">${pairs.slice(0, shownPairs).map((pair) => twins(pair, data))}</ul>
    ${pairs.length > shownPairs && html`<p class="note">${pairs.length - shownPairs} more pairs are not shown here; the filter “near copy” has them all.</p>`}
    <p class="note">Remove one of each pair, or keep them on one side: ${copyable(`${again} --groups near-copies`)}</p>`;
}

function twins({ ids, labels, similarity, timesApart }: AlikePair, { photos, images }: GroupData): Html {
  const [a, b] = labels;
  const names = a === b ? html`${breakable(a)}` : html`<span class="taken">${breakable(a)} and ${breakable(b)}</span>`;
  const places = ids.map((id) => images.placeOf.get(id) ?? 0);
  return html`<li><span class="pair-photos">${ids.map((id, i) =>
    photos.has(id)
      ? html`<button type="button" class="open"><img data-photo="${valueAt(places, i)}" data-pair="${`${places[i]} ${places[1 - i]}`}" alt="${valueAt(labels, i)}, ${id}" width="128" height="128"></button>`
      : html`<span class="no-photo">no photo</span>`,
  )}</span><span>${names}, cosine ${similarity.toFixed(3)}${timesApart > 0 && `, divided ${timesApart === 1 ? 'once' : `${timesApart} times`}`}</span>
    ${ids.map((id) => html`<code title="${id}">${id}</code>`)}</li>`;
}

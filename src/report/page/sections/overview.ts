import { advise } from '../../analysis/advice.ts';
import type { GroupData } from '../../analysis/group-data.ts';
import { breakable, copyable, type Html, html } from '../html.ts';

/** What the whole comparison comes to: which head, how certain, what it gets wrong, what next; then commands to type. */
export function overviewSection(group: GroupData): Html {
  const advice = advise(group);
  const cards: readonly (readonly [string, readonly string[]])[] = [
    ['Which head', advice.which],
    ['How certain', advice.sure],
    ['What it gets wrong', advice.wrong],
    ['Next', advice.next],
  ];
  return html`<div class="cards">${cards.map(
    ([title, lines]) =>
      html`<section class="card"><h3>${title}</h3>${lines.map((line) => html`<p>${breakable(line)}</p>`)}</section>`,
  )}</div>
  <h3>Next steps</h3>
  <ul class="steps">${advice.steps.map(
    ({ what, command }) =>
      html`<li><span>${what}${command !== undefined && ':'}</span>${command !== undefined && copyable(command)}</li>`,
  )}</ul>`;
}

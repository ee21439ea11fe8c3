import type { GroupData } from '../../analysis/group-data.ts';
import { type Html, html } from '../html.ts';

/** Two runs side by side: what the one has right and the other has not, as photos. */
export function sideBySideSection({ runs }: GroupData): Html {
  const select = (side: string, chosen: number): Html =>
    html`<select data-control="${side}">${runs.map(({ run }, i) => html`<option value="${i}"${i === chosen && html` selected`}>${run.name}</option>`)}</select>`;
  return html`<div data-part="sides">
    <div class="controls"><label>One head ${select('left', 0)}</label><label>the other ${select('right', 1)}</label>
    <span role="status" data-control="summary"></span></div>
    <div class="sides">${['only-left', 'only-right'].map(
      (name) =>
        html`<div data-control="${name}"><h3></h3><ul class="photos"></ul><p class="note" data-control="rest"></p></div>`,
    )}</div></div>`;
}

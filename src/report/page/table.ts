import { type Html, html } from './html.ts';

export interface TableColumn {
  readonly title: string;
  readonly kind: 'text' | 'number';
  /** A few words for the heading's tooltip. */
  readonly hint?: string;
}

export interface TableCell {
  /** What the column sorts by. */
  readonly value: string | number;
  readonly shown: Html | string;
}

interface TableOptions {
  readonly id: string;
  readonly caption: string;
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly TableCell[])[];
}

/** A table whose headings are buttons that sort it; the first cell of a row is its heading. */
export function sortableTable({ id, caption, columns, rows }: TableOptions): Html {
  const head = columns.map(
    ({ title, kind, hint }) =>
      html`<th scope="col" class="${kind}" aria-sort="none"><button type="button" data-sort${hint === undefined ? '' : html` title="${hint}"`}>${title}</button></th>`,
  );
  const body = rows.map(
    (cells) =>
      html`<tr>${cells.map(({ value, shown }, i) =>
        i === 0
          ? html`<th scope="row" data-value="${value}">${shown}</th>`
          : html`<td class="${columns[i]?.kind}" data-value="${value}">${shown}</td>`,
      )}</tr>`,
  );
  return html`<div class="scroll${rows.length > 16 && html` tall`}" role="region" aria-label="${caption}" tabindex="0">
      <table id="${id}" class="sortable"><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>
    </div>`;
}

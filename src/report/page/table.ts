import { percent } from '../figures.ts';
import { type Html, html } from './html.ts';

export interface TableColumn {
  readonly title: string;
  readonly kind: 'text' | 'number';
  readonly hint?: string;
}

export interface TableCell {
  readonly value: string | number;
  readonly shown: Html | string;
}

interface TableOptions {
  readonly id: string;
  readonly caption: string;
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly TableCell[])[];
}

/** A table that sorts by the column whose heading is clicked; the first cell of a row is its heading. */
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

/** A share as a cell; a dash if it is not known. */
export function shareCell(value: number | undefined): TableCell {
  return { value: value ?? -1, shown: value === undefined ? '–' : percent(value) };
}

/** The columns' hints as a list that opens: a tooltip needs a mouse. */
export function columnMeanings(summary: string, columns: readonly TableColumn[]): Html {
  return html`<details><summary>${summary}</summary><dl class="facts">${columns.map(({ title, hint }) => hint !== undefined && html`<dt>${title}</dt><dd>${hint}</dd>`)}</dl></details>`;
}

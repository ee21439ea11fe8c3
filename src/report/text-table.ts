import { valueAt } from '../system/at.ts';

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** Lines of a plain-text table with two spaces between columns; widths in code points. No trailing spaces. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((column, i) => Math.max(width(column.title), ...rows.map((row) => width(row[i] ?? ''))));
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, i) => {
        const cell = cells[i] ?? '';
        const blanks = ' '.repeat(valueAt(widths, i) - width(cell));
        return column.align === 'left' ? cell + blanks : blanks + cell;
      })
      .join('  ')
      .trimEnd();
  return [line(columns.map((column) => column.title)), ...rows.map(line)];
}

function width(text: string): number {
  return [...text].length;
}

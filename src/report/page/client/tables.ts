import { all } from './dom.ts';

const collator = new Intl.Collator('en', { numeric: true });

/** Makes the headings of a table sort it. Each cell carries its sort key. */
export function sortable(table: HTMLTableElement): void {
  const headings = all<HTMLTableCellElement>('thead th', table);
  headings.forEach((heading, column) => {
    heading.querySelector('button')?.addEventListener('click', () => {
      const numeric = heading.classList.contains('number');
      const was = heading.getAttribute('aria-sort');
      // Figures start with the largest, names with the first.
      const ascending = was === 'none' ? !numeric : was === 'descending';
      for (const other of headings) other.setAttribute('aria-sort', 'none');
      heading.setAttribute('aria-sort', ascending ? 'ascending' : 'descending');
      const value = (row: HTMLTableRowElement): string => row.cells[column]?.dataset['value'] ?? '';
      const body = table.tBodies[0];
      const rows = [...(body?.rows ?? [])].sort((a, b) => {
        const order = numeric ? Number(value(a)) - Number(value(b)) : collator.compare(value(a), value(b));
        return ascending ? order : -order;
      });
      body?.append(...rows);
    });
  });
}

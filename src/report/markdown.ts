import { printableLine } from '../system/printable.ts';

/** A Markdown table; what would break a cell is escaped. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(header), `|${header.map(() => ' --- ').join('|')}|`, ...rows.map(line)].join('\n');
}

function cell(text: string): string {
  return printableLine(text.replaceAll(/\s*\n\s*/g, ' '))
    .replaceAll('\\', '\\\\')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;');
}

/** A text in a paragraph, list or heading: no line, tag, link or code of its own. */
export function markdownText(text: string): string {
  return printableLine(text).replaceAll(/[\\`*_[\]<>]/g, (character) => `\\${character}`);
}

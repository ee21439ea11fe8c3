import { printableLine } from '../system/printable.ts';

/** A Markdown table with escaped cells. */
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

/** Escapes text for a paragraph, list or heading. */
export function markdownText(text: string): string {
  return printableLine(text).replaceAll(/[\\`*_[\]<>]/g, (character) => `\\${character}`);
}

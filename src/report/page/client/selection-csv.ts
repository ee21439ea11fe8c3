import type { Group, Run } from './model.ts';

/**
 * Selected photos as CSV: `id,label,suggestion,path`. A photo with a suspected label gets a suggested one; the
 * suggestion of the others is empty.
 */
export function selectionCsv(places: Iterable<number>, group: Group, run: Run): string {
  const lines = [['id', 'label', 'suggestion', 'path']];
  for (const place of places) {
    const suspicion = run.suspicions.get(place);
    lines.push([
      group.ids[place] ?? '',
      group.className(group.labels[place]),
      suspicion === undefined ? '' : group.className(suspicion.suggestion),
      group.filePath(place) ?? '',
    ]);
  }
  return `${lines.map((line) => line.map(csvField).join(',')).join('\n')}\n`;
}

/** What spreadsheets take for a formula, as `formats/spreadsheet-cell.ts` has it. */
const formula = /^'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;

function csvField(field: string): string {
  const text = formula.test(field) ? `'${field}` : field;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

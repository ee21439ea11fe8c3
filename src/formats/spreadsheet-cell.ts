/**
 * Cells that Excel, LibreOffice and Google Sheets interpret as formulas (OWASP, CSV Injection), including full-width
 * forms.
 */
const formula = /^'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;

/**
 * Escapes a text for a CSV file opened in spreadsheets: prefixes formulas with an apostrophe, and texts that
 * `fromSpreadsheet` would unescape. Other texts are unchanged.
 */
export function forSpreadsheet(text: string): string {
  return formula.test(text) ? `'${text}` : text;
}

/** Undoes `forSpreadsheet`. */
export function fromSpreadsheet(cell: string): string {
  return cell.startsWith("'") && formula.test(cell) ? cell.slice(1) : cell;
}

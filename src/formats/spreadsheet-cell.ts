/** What makes Excel, LibreOffice and Google Sheets take a cell for a formula (OWASP, CSV Injection), full-width forms too. */
const formula = /^'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;

/**
 * A text for a CSV file that people open in spreadsheets: one that would be taken for a formula gets an apostrophe before
 * it, and so does one that `fromSpreadsheet` would take for such a one. Every other text stays as it is.
 */
export function forSpreadsheet(text: string): string {
  return formula.test(text) ? `'${text}` : text;
}

/** The text again. */
export function fromSpreadsheet(cell: string): string {
  return cell.startsWith("'") && formula.test(cell) ? cell.slice(1) : cell;
}

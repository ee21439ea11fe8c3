/**
 * C0 but for the tab and the end of a line, DEL, C1, and what turns text around or hides in it: Unicode's bidirectional
 * marks, overrides and isolates, its own line ends, and the zero-width mark of byte order.
 */
const unprintable = /[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** A text as a terminal or a page may show it: what would steer a terminal or turn the line around stands there as `\u{1b}`. */
export function printable(text: string): string {
  return text.replaceAll(unprintable, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);
}

/** The same for a name, which must not begin a line of its own. */
export function printableLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** JSON as a terminal may show it: the same document, since JSON has escapes for these. */
export function printableJson(json: string): string {
  return json.replaceAll(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

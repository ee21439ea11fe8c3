/**
 * Control characters except tab and newline, and Unicode characters that reorder or hide text: bidirectional marks,
 * overrides and isolates, line separators, and the byte order mark.
 */
const unprintable = /[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** Escapes characters that could control a terminal or reorder text, as `\u{1b}`. */
export function printable(text: string): string {
  return text.replaceAll(unprintable, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);
}

/** The same for a name, which must not contain a newline. */
export function printableLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** The same for JSON, with JSON's escapes: the document is equal. */
export function printableJson(json: string): string {
  return json.replaceAll(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `1 image`, `3 images`, `2 classes`, `4 copies`. */
export function counted(count: number, noun: string): string {
  return `${count} ${plural(count, noun)}`;
}

/** A noun as it stands behind a number. */
export function plural(count: number, noun: string): string {
  if (count === 1) return noun;
  if (/(?:s|x|ch)$/.test(noun)) return `${noun}es`;
  return /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`;
}

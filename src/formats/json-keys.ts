/**
 * The first duplicate key within an object of a JSON text, at any depth. JSON.parse silently keeps the last, so readers
 * of the file could disagree.
 */
export function duplicateKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let lastString: string | undefined;
  // Since the text is valid JSON, strings, brackets and colons determine the keys.
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '"': {
        const start = at++;
        while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
        lastString = text.slice(start, at + 1);
        break;
      }
      case '{':
        open.push(new Set());
        break;
      case '[':
        open.push(undefined);
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case ':': {
        const key: string = JSON.parse(lastString ?? '""');
        const keys = open.at(-1);
        if (keys?.has(key)) return key;
        keys?.add(key);
      }
    }
  }
  return undefined;
}

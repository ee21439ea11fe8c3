/**
 * The first key that stands twice in one object of a JSON text, at any depth. JSON.parse keeps the last of them without
 * a word, so two readers of the same file could see different things.
 *
 * @param text JSON that JSON.parse accepts
 */
export function duplicateKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let lastString: string | undefined;
  // Strings, brackets and colons are all that decides where a key is: the text is known to be JSON.
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

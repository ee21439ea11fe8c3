/** An element with a text, which is never taken for HTML. A name of several words may break between them. */
export function element(tag: string, text: string, className?: string): HTMLElement {
  const made = document.createElement(tag);
  for (const [i, part] of text.split(/(?<=[_/])(?=[^\s_/])/).entries()) {
    if (i > 0) made.append(document.createElement('wbr'));
    made.append(part);
  }
  if (className !== undefined) made.className = className;
  return made;
}

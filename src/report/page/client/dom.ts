/** Attributes of a new element: text, `true` for one without a value, undefined for none. */
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string | undefined)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : String(value));
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** A long name that may break after each `_` and `/`. */
export function breakable(name: string): DocumentFragment {
  const made = document.createDocumentFragment();
  for (const [i, part] of name.split(/(?<=[_/])(?=[^\s_/])/).entries()) {
    if (i > 0) made.append(document.createElement('wbr'));
    made.append(part);
  }
  return made;
}

/** The one element of a selector; the page's own markup has it. */
export function one<E extends Element = HTMLElement>(selector: string, root: ParentNode = document): E {
  const found = root.querySelector<E>(selector);
  if (found === null) throw new Error(`the page has no ${selector}`);
  return found;
}

export function all<E extends Element = HTMLElement>(selector: string, root: ParentNode = document): E[] {
  return [...root.querySelectorAll<E>(selector)];
}

/** Columns and rows that an arrow key moves by. */
export const arrowSteps: Readonly<Record<string, readonly [across: number, down: number]>> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};

/** `1,000`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `74.5 %`, the figure kept beside its sign. */
export function percent(value: number): string {
  return `${(value * 100).toFixed(1)}\u00a0%`;
}

/** `3 photos`, `1 photo`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A value of the page's style sheet. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Gives a canvas the size of its place and the screen's own pixels; its context then counts in CSS pixels. */
export function fitCanvas(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  // Paper has more pixels than most screens.
  const scale = Math.max(2, window.devicePixelRatio || 1);
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

const parts: { readonly place: Element; readonly update: () => void }[] = [];

/**
 * Draws a part of the page when it becomes visible: now if it is in view, else when it comes near, and before the page
 * is printed.
 *
 * @returns a function to call when the content has changed
 */
export function whenSeen(place: Element, draw: () => void): () => void {
  let [inSight, stale] = [false, true];
  const update = (): void => {
    if (!stale) return;
    stale = false;
    draw();
  };
  new IntersectionObserver(
    (entries) => {
      inSight = entries.at(-1)?.isIntersecting ?? false;
      if (inSight) update();
    },
    { rootMargin: '300px' },
  ).observe(place);
  window.addEventListener('beforeprint', update);
  parts.push({ place, update });
  return () => {
    stale = true;
    if (inSight) update();
  };
}

/**
 * Draws the parts above an element and those of its section. To be called before scrolling to it: parts that are drawn on
 * the way would move it.
 */
export function drawDownTo(target: Element): void {
  const section = target.closest('section');
  for (const { place, update } of parts) {
    const isAbove = (target.compareDocumentPosition(place) & Node.DOCUMENT_POSITION_PRECEDING) !== 0;
    if (isAbove || section?.contains(place) === true) update();
  }
}

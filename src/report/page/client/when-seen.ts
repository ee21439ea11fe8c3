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
  return () => {
    stale = true;
    if (inSight) update();
  };
}

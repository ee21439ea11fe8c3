/**
 * Draws a part of the page when it is looked at: now if it is in sight, else when it comes near, and before the page is
 * printed.
 *
 * @returns to be called when what it shows has changed
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

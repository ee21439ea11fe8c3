import type { Run } from '../analysis/run.ts';

/** One image behind a cell of the confusion matrix; `times` counts the repeats that put it there. */
export type CellImage = readonly [id: string, confidence: number, times: number];

/** Right answers that a cell of the diagonal shows: those that were nearly wrong say most. */
const shownOfRight = 8;

/**
 * `TRUE,PREDICTED` (class numbers) to the images behind that cell: mistakes all of them, most confident first; right
 * answers the least confident ones, least confident first.
 */
export function imagesByCell({ report, predictions = [] }: Run): Readonly<Record<string, readonly CellImage[]>> {
  const place = new Map(report.classes.map((name, c) => [name, c]));
  const cells = new Map<string, Map<string, CellImage>>();
  for (const { id, trueClass, predictedClass, probability } of predictions) {
    const key = `${place.get(trueClass)},${place.get(predictedClass)}`;
    const images = cells.get(key) ?? new Map<string, CellImage>();
    cells.set(key, images);
    const found = images.get(id);
    const pick = trueClass === predictedClass ? Math.min : Math.max;
    const confidence = Number(probability.toFixed(4));
    images.set(id, found === undefined ? [id, confidence, 1] : [id, pick(found[1], confidence), found[2] + 1]);
  }
  return Object.fromEntries(
    [...cells].map(([key, images]) => {
      const [t, p] = key.split(',');
      const sorted = [...images.values()].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1));
      return [key, t === p ? sorted.slice(0, shownOfRight) : sorted.reverse()];
    }),
  );
}

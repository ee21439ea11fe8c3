import { takeFloats, takeInts } from '../../numerics/arrays.kernel.ts';
import { type RowSource, takeRows } from '../../rows/row-source.ts';
import { type Table, withoutGaps } from '../../rows/table.ts';
import { valueAt } from '../../system/at.ts';
import type { LabelledData } from './labelled-data.ts';

/** Test rows as a table of their own. */
export function testTable<F extends RowSource>(data: LabelledData<F>, rows: Int32Array): Table<F> {
  return {
    features: takeRows(data.features, rows),
    labels: takeInts(data.labels, rows),
    classes: data.classes,
  };
}

/** Training rows with their weights and groups, and after them their views. */
export function trainingTable<F extends RowSource>(data: LabelledData<F>, rows: Int32Array): Table<F> {
  const { viewsPerImage, sampleWeights, groups, ids } = data;
  const chosen = Int32Array.from({ length: rows.length * (1 + viewsPerImage) }, (_, i) => {
    if (i < rows.length) return valueAt(rows, i);
    const view = i - rows.length;
    const image = valueAt(rows, Math.floor(view / viewsPerImage));
    return ids.length + image * viewsPerImage + (view % viewsPerImage);
  });
  // Place among the rows of the image that each table row shows.
  const shown = chosen.map((_, i) => (i < rows.length ? i : Math.floor((i - rows.length) / viewsPerImage)));
  const images = takeInts(rows, shown);
  const plainRowOf = viewsPerImage === 0 ? undefined : shown;
  // With views and no groups of their own, the views of an image are one.
  const groupOf = groups === undefined ? plainRowOf : takeInts(groups, images);
  return {
    features: takeRows(data.features, chosen),
    labels: takeInts(data.labels, images),
    classes: data.classes,
    plainRowOf,
    sampleWeights: sampleWeights && takeFloats(sampleWeights, images),
    groups: groupOf && withoutGaps(groupOf),
  };
}

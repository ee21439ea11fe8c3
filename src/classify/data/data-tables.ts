import { type RowSource, takeRows } from '../../rows/row-source.ts';
import { type Table, withoutGaps } from '../../rows/table.ts';
import type { LabelledData } from './labelled-data.ts';

/** Test rows as a table of their own. */
export function testTable<F extends RowSource>(data: LabelledData<F>, rows: Int32Array): Table<F> {
  return {
    features: takeRows(data.features, rows),
    labels: Int32Array.from(rows, (row) => data.labels[row] as number),
    classes: data.classes,
  };
}

/** Training rows with their weights and groups, and after them their views. */
export function trainingTable<F extends RowSource>(data: LabelledData<F>, rows: Int32Array): Table<F> {
  const { viewsPerImage, sampleWeights, groups, ids } = data;
  const chosen = Int32Array.from({ length: rows.length * (1 + viewsPerImage) }, (_, i) => {
    if (i < rows.length) return rows[i] as number;
    const view = i - rows.length;
    const image = rows[Math.floor(view / viewsPerImage)] as number;
    return ids.length + image * viewsPerImage + (view % viewsPerImage);
  });
  // Place among the rows of the image that each table row shows.
  const shown = chosen.map((_, i) => (i < rows.length ? i : Math.floor((i - rows.length) / viewsPerImage)));
  const images = shown.map((place) => rows[place] as number);
  const plainRowOf = viewsPerImage === 0 ? undefined : shown;
  // With views and no groups of their own, the views of an image are one.
  const groupOf = groups === undefined ? plainRowOf : images.map((row) => groups[row] as number);
  return {
    features: takeRows(data.features, chosen),
    labels: images.map((row) => data.labels[row] as number),
    classes: data.classes,
    plainRowOf,
    sampleWeights: sampleWeights && Float64Array.from(images, (row) => sampleWeights[row] as number),
    groups: groupOf && withoutGaps(groupOf),
  };
}

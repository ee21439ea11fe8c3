import { takeFloats, takeInts } from '../../numerics/arrays.kernel.ts';
import { type RowSource, takeRows } from '../../rows/row-source.ts';
import { type Table, withoutGaps } from '../../rows/table.ts';
import { valueAt } from '../../system/at.ts';
import type { LabelledData } from './labelled-data.ts';

export function testTable<F extends RowSource>(data: LabelledData<F>, rows: Int32Array): Table<F> {
  return {
    features: takeRows(data.features, rows),
    labels: takeInts(data.labels, rows),
    classes: data.classes,
  };
}

/** The training rows with weights and groups, followed by their augmented views. */
export function trainingTable<F extends RowSource>(data: LabelledData<F>, rows: Int32Array): Table<F> {
  const { viewsPerImage, sampleWeights, groups, ids } = data;
  const chosen = Int32Array.from({ length: rows.length * (1 + viewsPerImage) }, (_, i) => {
    if (i < rows.length) return valueAt(rows, i);
    const view = i - rows.length;
    const image = valueAt(rows, Math.floor(view / viewsPerImage));
    return ids.length + image * viewsPerImage + (view % viewsPerImage);
  });
  // Index of each row's image among `rows`.
  const shown = chosen.map((_, i) => (i < rows.length ? i : Math.floor((i - rows.length) / viewsPerImage)));
  const images = takeInts(rows, shown);
  const plainRowOf = viewsPerImage === 0 ? undefined : shown;
  // Without groups, the views of an image form a group.
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

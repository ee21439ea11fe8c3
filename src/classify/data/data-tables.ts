import type { Matrix } from '../../numerics/matrix.ts';
import { isStored, type Rows, type StoredRows, storedRows } from '../../rows/stored-rows.ts';
import { type TableOf, takeAnyRows, withoutGaps } from '../../rows/table.ts';
import type { LabelledData } from './labelled-data.ts';

/** Test rows as a table of their own. */
export function testTable<F extends Rows>(data: LabelledData<F>, rows: Int32Array): TableOf<F> {
  return {
    features: takeAnyRows(data.features, rows),
    labels: Int32Array.from(rows, (row) => data.labels[row] as number),
    classes: data.classes,
  };
}

/** Training rows with their weights and groups, and after them their views. */
export function trainingTable<F extends Rows>(data: LabelledData<F>, rows: Int32Array): TableOf<F> {
  const { views, sampleWeights, groups } = data;
  const perImage = views === undefined ? 0 : views.rowCount / data.ids.length;
  // Place among the rows of the image that each table row shows.
  const shown = Int32Array.from({ length: rows.length * (1 + perImage) }, (_, i) =>
    i < rows.length ? i : Math.floor((i - rows.length) / perImage),
  );
  const images = shown.map((place) => rows[place] as number);
  return {
    features: views === undefined ? takeAnyRows(data.features, rows) : withViews(data.features, views, rows, perImage),
    labels: images.map((row) => data.labels[row] as number),
    classes: data.classes,
    ...(views === undefined ? {} : { plainRowOf: shown }),
    ...(sampleWeights === undefined
      ? {}
      : { sampleWeights: Float64Array.from(images, (row) => sampleWeights[row] as number) }),
    ...groupsOf(groups === undefined ? undefined : images.map((row) => groups[row] as number), views && shown),
  };
}

/** Groups of the training rows; with views and no groups of their own, the views of an image are one. */
function groupsOf(groups: Int32Array | undefined, images: Int32Array | undefined): Pick<TableOf<Rows>, 'groups'> {
  const found = groups ?? images;
  return found === undefined ? {} : { groups: withoutGaps(found) };
}

function withViews<F extends Rows>(features: F, views: F, rows: Int32Array, perImage: number): F {
  const [plain, others]: readonly [Rows, Rows] = [features, views];
  if (isStored(plain) && isStored(others)) return storedWithViews(plain, others, rows, perImage) as F;
  return matrixWithViews(plain as Matrix, others as Matrix, rows, perImage) as F;
}

function storedWithViews(features: StoredRows, views: StoredRows, rows: Int32Array, perImage: number): StoredRows {
  const chosen = new Uint32Array(rows.length * (1 + perImage));
  rows.forEach((row, i) => {
    chosen[i] = features.rows[row] as number;
    chosen.set(views.rows.subarray(row * perImage, (row + 1) * perImage), rows.length + i * perImage);
  });
  return storedRows(features.reader, chosen);
}

function matrixWithViews(features: Matrix, views: Matrix, rows: Int32Array, perImage: number): Matrix {
  const { columnCount } = features;
  const data = new Float32Array(rows.length * (1 + perImage) * columnCount);
  rows.forEach((row, i) => {
    data.set(features.data.subarray(row * columnCount, (row + 1) * columnCount), i * columnCount);
    const own = views.data.subarray(row * perImage * columnCount, (row + 1) * perImage * columnCount);
    data.set(own, (rows.length + i * perImage) * columnCount);
  });
  return { rowCount: rows.length * (1 + perImage), columnCount, data };
}

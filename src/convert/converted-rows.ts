import type { FeatureSet } from '../features/reader.ts';
import { takeUints } from '../numerics/arrays.kernel.ts';
import { compareCodePoints } from '../rows/classes.ts';
import { readRows } from '../rows/row-source.ts';
import { valuesAt } from '../system/at.ts';

/** Contents of a converted file: every image with a row, labelled ones first, in the labels' order. */
export interface ConvertedRows {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly rowShape: readonly number[];
  readonly ids: readonly string[];
  /** '' where an image has none. */
  readonly labels: readonly string[];
  /** Sorted by code point. */
  readonly classes: readonly string[];
  /** The rows in order, as float32, in blocks of some megabytes. */
  blocks(): AsyncGenerator<Float32Array>;
}

const blockBytes = 8 << 20;

/** Plain rows of a feature set (no views); identical images have the same row. */
export function convertedRows(set: FeatureSet): ConvertedRows {
  const { ids, labels, rows } = set.labelled();
  const labelled = new Set(ids);
  const bare = set.ids.flatMap((id, image) => (labelled.has(id) ? [] : [image]));
  const all = Uint32Array.from([...rows, ...takeUints(set.rows, bare)]);
  const store = set.rowStore();
  const rowsAtOnce = Math.max(1, Math.floor(blockBytes / (4 * set.dims)));
  return {
    rowCount: all.length,
    columnCount: set.dims,
    rowShape: set.manifest.rowShape,
    ids: [...ids, ...valuesAt(set.ids, bare)],
    labels: [...labels, ...bare.map(() => '')],
    classes: [...new Set(labels)].sort(compareCodePoints),
    blocks: async function* () {
      try {
        for (let at = 0; at < all.length; at += rowsAtOnce) {
          yield (await readRows(store, all.subarray(at, at + rowsAtOnce))).data;
        }
      } finally {
        await store.close();
      }
    },
  };
}

import type { FeatureSet } from '../../features/reader.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { keepNearest, unitRows } from '../../numerics/nearest.kernel.ts';
import { rowsTimesColumn } from '../../numerics/rows-times-column.ts';
import { RowReader } from '../../rows/row-reader.ts';
import { changedRows, loadRows, type RowSource, rowPass, storedRows } from '../../rows/row-source.ts';
import { valueAt } from '../../system/at.ts';

export interface FoundPhoto {
  readonly id: string;
  /** Relative to the data folder. */
  readonly path: string;
  readonly label?: string;
  /** Cosine similarity with the query. */
  readonly similarity: number;
}

/** Rows up to this size are loaded, while the query is being encoded. */
const mostBytes = 1e9;

/** Unit feature vectors of a set's images, in the index's order. */
export async function unitRowsOf(set: FeatureSet, signal?: AbortSignal): Promise<RowSource> {
  const stored = storedRows(new RowReader(set.rowStore(), undefined, signal), set.rows);
  const unit = changedRows(stored, (rows) => unitRows(rows, rows.length / set.dims, set.dims));
  return 4 * set.imageCount * set.dims <= mostBytes ? loadRows(unit) : unit;
}

/** A row by its index among those searched. */
interface NearRow {
  readonly place: number;
  readonly similarity: number;
}

/**
 * The rows nearest to a vector, nearest first; ties by index.
 *
 * @param rows unit vectors
 * @param query of length 1, [1, dims]
 */
export async function nearestPlaces(
  rows: RowSource,
  query: Matrix,
  { count, threads }: { readonly count: number; readonly threads: number },
): Promise<readonly NearRow[]> {
  const pass = rowPass(rows);
  const best: NearRow[] = [];
  for await (const block of pass.blocks()) {
    const data = await rowsTimesColumn(block, query.data, threads);
    const kept = Math.min(count, block.rowCount);
    const nearest = new Int32Array(kept);
    const similarity = new Float32Array(kept);
    keepNearest(data, block.rowCount, kept, undefined, undefined, nearest, similarity);
    for (const [at, row] of nearest.entries()) {
      const place = block.start + row;
      best.push({ place: pass.places?.[place] ?? place, similarity: valueAt(similarity, at) });
    }
    best.sort((a, b) => b.similarity - a.similarity || a.place - b.place);
    best.length = Math.min(best.length, count);
  }
  return best;
}

/**
 * The photos nearest to a vector, nearest first; ties by the index's order.
 *
 * @param rows of the set's images: `unitRowsOf`
 * @param query of length 1, [1, dims]
 */
export async function nearestPhotos(
  set: FeatureSet,
  rows: RowSource,
  query: Matrix,
  options: { readonly count: number; readonly threads: number },
): Promise<readonly FoundPhoto[]> {
  const best = await nearestPlaces(rows, query, options);
  return best.map(({ place, similarity }) => {
    const id = valueAt(set.ids, place);
    const label = set.labels.get(id);
    const photo = { id, path: valueAt(set.paths, place), similarity };
    return label === undefined ? photo : { ...photo, label };
  });
}

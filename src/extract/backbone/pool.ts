import type { Pool } from '../../features/manifest/manifest.ts';
import { usageError } from '../../system/errors.ts';
import type { TapMap } from './backbone.ts';
import { maxPool, meanPool } from './pool.kernel.ts';

/** Feature rows: [rowCount, ...rowShape], C order. */
export interface PooledRows {
  readonly rowCount: number;
  readonly rowShape: readonly number[];
  readonly data: Float32Array;
}

/**
 * Shape of one row after the pool. A map [channels, height, width] becomes [channels], or stays whole with `none`;
 * a vector (the tap `fc`) is only itself, whatever the pool.
 *
 * @throws UserError for a tap that is neither a map nor a vector, unless the pool is `none`
 */
export function pooledShape(tapShape: readonly number[], pool: Pool): readonly number[] {
  if (pool === 'none' || tapShape.length === 1) return tapShape;
  if (tapShape.length === 3) return tapShape.slice(0, 1);
  throw usageError(
    '--pool',
    `${pool}, at a tap of shape [${tapShape.join(', ')}]`,
    'a tap of shape [channels, height, width] or [channels]',
    '--pool none keeps the whole tensor',
  );
}

/** Turns what a tap held into feature rows; `none` passes the data on without a copy. */
export function poolRows(map: TapMap, pool: Pool): PooledRows {
  const { rowCount, data } = map;
  const rowShape = pooledShape(map.rowShape, pool);
  const [channels, height, width] = map.rowShape;
  if (pool === 'none' || height === undefined || width === undefined || channels === undefined) {
    return { rowCount, rowShape, data };
  }
  const reduce = pool === 'mean' ? meanPool : maxPool;
  return { rowCount, rowShape, data: reduce(data, rowCount, channels, height * width) };
}

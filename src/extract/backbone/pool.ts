import type { Pool } from '../../features/manifest/manifest.ts';
import { usageError } from '../../system/errors.ts';
import type { TapMap } from './backbone.ts';
import { maxPool, meanPool, meanTokens } from './pool.kernel.ts';

/** Feature rows: [rowCount, ...rowShape], C order. */
export interface PooledRows {
  readonly rowCount: number;
  readonly rowShape: readonly number[];
  readonly data: Float32Array;
}

/**
 * Shape of a row after pooling. A map [channels, height, width] becomes [channels], or stays whole with `none`; a
 * vector (the tap `fc`) stays. Tokens [tokens, width] become [width], or [2 * width] with `cls+mean`.
 *
 * @param prefixTokens class and register tokens of a transformer, which the mean skips
 * @throws UserError if the pool does not apply to the tap
 */
export function pooledShape(tapShape: readonly number[], pool: Pool, prefixTokens?: number): readonly number[] {
  const ofTokens = pool === 'cls' || pool === 'cls+mean';
  if (pool === 'none' || (tapShape.length === 1 && !ofTokens)) return tapShape;
  if (tapShape.length === 3 && !ofTokens) return tapShape.slice(0, 1);
  const [tokens = 0, width = 0] = tapShape;
  if (tapShape.length === 2 && pool !== 'max') {
    if (pool === 'cls') return [width];
    if (prefixTokens !== undefined && prefixTokens < tokens) return pool === 'mean' ? [width] : [2 * width];
    throw usageError(
      '--pool',
      `${pool}, at a tap of shape [${tapShape.join(', ')}]`,
      prefixTokens === undefined
        ? 'a network whose config.json says how many tokens are no patches'
        : `more tokens than the ${prefixTokens} before the patches`,
      '--pool cls keeps the first token, --pool none the whole tensor',
    );
  }
  throw usageError(
    '--pool',
    `${pool}, at a tap of shape [${tapShape.join(', ')}]`,
    ofTokens
      ? 'a tap of shape [tokens, width]'
      : 'a tap of shape [channels, height, width] or [channels], or the mean over [tokens, width]',
    '--pool none keeps the whole tensor',
  );
}

/** Pools a tap's values to feature rows; `none` returns the data without a copy. */
export function poolRows(map: TapMap, pool: Pool, prefixTokens?: number): PooledRows {
  const { rowCount, data } = map;
  const rowShape = pooledShape(map.rowShape, pool, prefixTokens);
  if (map.rowShape.length === 2 && pool !== 'none') {
    const [tokens = 0, length = 0] = map.rowShape;
    return { rowCount, rowShape, data: tokenRows(data, { rowCount, tokens, length }, pool, prefixTokens ?? 0) };
  }
  const [channels, height, width] = map.rowShape;
  if (pool === 'none' || height === undefined || width === undefined || channels === undefined) {
    return { rowCount, rowShape, data };
  }
  const reduce = pool === 'mean' ? meanPool : maxPool;
  return { rowCount, rowShape, data: reduce(data, rowCount, channels, height * width) };
}

/** Pools [tokens, length]: class token, mean over the tokens after the prefix, or both concatenated. */
function tokenRows(
  data: Float32Array,
  { rowCount, tokens, length }: { readonly rowCount: number; readonly tokens: number; readonly length: number },
  pool: Pool,
  prefixTokens: number,
): Float32Array {
  const width = pool === 'cls+mean' ? 2 * length : length;
  const out = new Float32Array(rowCount * width);
  for (let row = 0; row < rowCount; row++) {
    const first = row * tokens * length;
    if (pool !== 'mean') out.set(data.subarray(first, first + length), row * width);
    if (pool === 'cls') continue;
    const patches = data.subarray(first + prefixTokens * length, first + tokens * length);
    meanTokens(patches, length, out, (row + 1) * width - length);
  }
  return out;
}

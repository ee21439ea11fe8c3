import { usageError } from '../system/errors.ts';
import type { SetPlan } from './extract.ts';
import type { ExtractValues } from './options.ts';
import { featureFolder } from './plan.ts';

/** The feature sets of one run: at least one. */
export type Sets = readonly [SetPlan, ...SetPlan[]];

/**
 * The sets of `--tap` and `--pool`: one with the given name, or one per pair of tap and pool, with both appended to the
 * name (`dogs-layer3-mean`).
 *
 * @throws UserError if several are given but not supported
 */
export function setsOf(values: ExtractValues, data: string, mayBeSeveral: boolean): Sets {
  const [taps, pools] = [[...new Set(values.tap)], [...new Set(values.pool)]];
  const plain = featureFolder(data, values.cache, values.name);
  const planOf = (tap: string | undefined, pool: SetPlan['pool']): SetPlan => {
    const kept = [tap, pool].filter((part) => part !== undefined).map((part) => part.replace(/[^\w.+-]+/g, '_'));
    return { tap, pool, folder: taps.length > 1 || pools.length > 1 ? [plain, ...kept].join('-') : plain };
  };
  const [first, ...others] = orOne(taps).flatMap((tap) => orOne(pools).map((pool) => planOf(tap, pool)));
  if (first === undefined || others.length === 0) return [first ?? planOf(undefined, undefined)];
  const option = taps.length > 1 ? '--tap' : '--pool';
  const given = (taps.length > 1 ? taps : pools).join();
  if (!mayBeSeveral) throw usageError(option, given, 'one', 'extract makes several feature sets in one run');
  // Activation ranges are measured for the graph truncated at the tap.
  if (values.precision === 'int8' && taps.length > 1) throw usageError('--tap', given, 'one with --precision int8');
  const folders = new Set([first, ...others].map(({ folder }) => folder));
  if (folders.size <= others.length)
    throw usageError('--tap', given, 'tensors whose names differ in letters or digits');
  return [first, ...others];
}

/** The values, or one undefined for the default. */
function orOne<T>(values: readonly T[]): readonly (T | undefined)[] {
  return values.length === 0 ? [undefined] : values;
}

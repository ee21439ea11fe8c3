import type { SetPlan } from '../../extract/extract.ts';
import { featureFolder } from '../../extract/plan.ts';
import { type Precision, pools } from '../../features/manifest/manifest.ts';
import { choiceError, usageError } from '../../system/errors.ts';
import { list, text } from '../options.ts';
import type { Options } from '../verb.ts';

/** The feature sets of one run: at least one. */
export type Sets = readonly [SetPlan, ...SetPlan[]];

/**
 * The sets that `--tap` and `--pool` ask for: one of the name that is given, or one for each pair of a tap and a pool,
 * with both behind the name (`dogs-layer3-mean`).
 *
 * @throws UserError where a pool is unknown, or several are asked of a run that makes one
 */
export function readSets(options: Options, data: string, precision: Precision, mayBeSeveral: boolean): Sets {
  const taps = [...new Set(list(options, 'tap'))];
  const asked = [...new Set(list(options, 'pool'))];
  const found = asked.map((name) => {
    const pool = pools.find((candidate) => candidate === name);
    if (pool === undefined) throw choiceError('--pool', name, pools);
    return pool;
  });
  const pairs = orOne(taps).flatMap((tap) => orOne(found).map((pool) => ({ tap, pool })));
  const [cache, name] = [text(options, 'cache', 'cache'), text(options, 'name')];
  const plain = featureFolder(data, cache, name);
  if (pairs.length === 1) return [{ ...pairs[0], folder: plain }];
  const option = taps.length > 1 ? '--tap' : '--pool';
  const given = (taps.length > 1 ? taps : asked).join();
  if (!mayBeSeveral) throw usageError(option, given, 'one', 'extract makes several feature sets in one run');
  // Ranges of activations are measured for the graph that ends at the tap.
  if (precision === 'int8' && taps.length > 1) throw usageError('--tap', given, 'one with --precision int8');
  const sets = pairs.map(({ tap, pool }) => {
    const kept = [tap, pool].filter((part) => part !== undefined).map((part) => part.replace(/[^\w.+-]+/g, '_'));
    return { tap, pool, folder: [plain, ...kept].join('-') };
  });
  const folders = new Set(sets.map(({ folder }) => folder));
  if (folders.size < sets.length) throw usageError('--tap', given, 'tensors whose names differ in letters or digits');
  return sets as [SetPlan, ...SetPlan[]];
}

/** Where nothing is asked for, what is usual. */
function orOne<T>(values: readonly T[]): readonly (T | undefined)[] {
  return values.length === 0 ? [undefined] : values;
}

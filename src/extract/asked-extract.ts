import { existsSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { usageError } from '../system/errors.ts';
import { checkResNetTap } from './backbone/resnet-taps.ts';
import type { SetPlan } from './extract.ts';
import type { LayoutOptions } from './images/list/image-file.ts';
import type { ExtractValues } from './options.ts';
import { type ExtractPlan, type ExtractPolicy, featureFolder } from './plan.ts';
import { namedNetwork } from './weights/named-network.ts';

/** The request described by the options of extract. */
export interface AskedExtract {
  readonly plan: ExtractPlan;
  /** Folder, tap and pool of each set; usually one. */
  readonly sets: Sets;
  readonly policy: ExtractPolicy;
}

/**
 * @param mayBeSeveral whether `tap` and `pool` may name several
 * @throws UserError if options contradict each other
 */
export function askedExtract(values: ExtractValues, mayBeSeveral = false): AskedExtract {
  const data = values.data ?? dataBeside(values);
  const { weights, seed, weightsKey, variant, engine, device, dtype, precision, views, shardMb } = values;
  const { resize, crop, interpolation, mean, std, autoOrient, sixteenBit } = values;
  const sets = setsOf(values, data, mayBeSeveral);
  const named = namedNetwork(weights);
  if (named !== undefined)
    for (const { tap } of sets) checkResNetTap(named.architecture, named.classCount, tap ?? 'avgpool', weights);
  return {
    sets,
    plan: {
      ...{ weights, seed, weightsKey, variant, engine, device, dtype, precision },
      ...sets[0],
      data,
      layout: layoutOf(values, data),
      preprocessing: { resize, crop, interpolation, mean, std, autoOrient, sixteenBit },
      views: views === 0 ? undefined : { count: views, seed },
    },
    policy: { ...values, shardBytes: shardMb && shardMb * 1e6, checkpointSeconds: values.checkpoint },
  };
}

function isBelow(path: string, folder: string): boolean {
  const inner = relative(folder, path);
  return inner === '' || !(inner.startsWith('..') || isAbsolute(inner));
}

/** The data folder if none is given: the common folder of the table and the images. */
function dataBeside({ labels, images }: ExtractValues): string {
  const folders = [
    ...(labels === undefined || images.length > 0 ? [] : [dirname(resolve(labels))]),
    ...images.map((path) => resolve(path)),
  ];
  const [first, ...others] = folders;
  if (first === undefined) return 'data';
  const shared = others.reduce((folder, other) => {
    let common = folder;
    while (common !== dirname(common) && !isBelow(other, common)) common = dirname(common);
    return common;
  }, first);
  // For a table right above the folder of images, the set is named after their common folder.
  return labels !== undefined && isBelow(shared, dirname(resolve(labels))) ? dirname(resolve(labels)) : shared;
}

/** Options for the layout of the data folder, if given. */
function layoutOf(values: ExtractValues, data: string): LayoutOptions | undefined {
  const { labels, images, idColumn, labelColumn, conflicts, depth, labelFrom } = values;
  const found = (path: string): string => (existsSync(resolve(path)) ? resolve(path) : resolve(data, path));
  const layout = {
    labels: labels && found(labels),
    images: images.length === 0 ? undefined : images.map(found),
    ...{ idColumn, labelColumn, conflicts, depth, labelFrom },
  };
  return Object.values(layout).some((value) => value !== undefined) ? layout : undefined;
}

type Sets = readonly [SetPlan, ...SetPlan[]];

/**
 * The sets of `--tap` and `--pool`: one with the given name, or one per pair of tap and pool, with both appended to the
 * name (`dogs-layer3-mean`).
 *
 * @throws UserError if several are given but not supported
 */
function setsOf(values: ExtractValues, data: string, mayBeSeveral: boolean): Sets {
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

function orOne<T>(values: readonly T[]): readonly (T | undefined)[] {
  return values.length === 0 ? [undefined] : values;
}

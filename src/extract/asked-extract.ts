import { existsSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { checkResNetTap } from './backbone/resnet-taps.ts';
import type { LayoutOptions } from './images/list/image-file.ts';
import type { ExtractValues } from './options.ts';
import type { ExtractPlan, ExtractPolicy } from './plan.ts';
import { type Sets, setsOf } from './sets.ts';
import { namedNetwork } from './weights/named-network.ts';

/** The request described by the options of extract. */
export interface AskedExtract {
  /** Of the first set. */
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
    policy: {
      ...values,
      shardBytes: shardMb && shardMb * 1e6,
      checkpointSeconds: values.checkpoint,
    },
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

import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { listImages } from '../extract/images/list/list.ts';
import type { FeatureSet } from '../features/reader.ts';
import { nodeFiles, statIfThere } from '../system/files.ts';

/** Where corrected labels go. */
interface LabelsTarget {
  readonly path: string;
  /** Why they do not go where the labels are now: for the user; absent if they do. */
  readonly because?: string;
}

/**
 * The labels that a feature set's data folder gives: its table, where it is one that can be changed in place; else a
 * labels file of its own.
 *
 * @param file where a labels file goes
 * @throws UserError if the data folder is gone or cannot be read any more
 */
export async function labelsTarget(set: FeatureSet, file: string, signal?: AbortSignal): Promise<LabelsTarget> {
  const { data } = set.manifest.madeBy;
  if (!existsSync(data)) return { path: file, because: `${data} is gone` };
  const list = await listImages(data, {}, signal);
  if (list.layout !== 'table' || list.table === undefined) return { path: file, because: 'folders say the classes' };
  const path = isAbsolute(list.table) ? list.table : join(data, list.table);
  if ((await statIfThere(nodeFiles, path))?.isFile() === true) return { path };
  return { path: file, because: `the labels come from ${list.table}` };
}

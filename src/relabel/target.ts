import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { listImages } from '../extract/images/list/list.ts';
import type { FeatureSet } from '../features/reader.ts';
import { nodeFiles, statIfThere } from '../system/files.ts';

/** Where to write corrected labels. */
interface LabelsTarget {
  readonly path: string;
  /** Reason for the user if that is not the current labels file; else absent. */
  readonly because?: string;
}

/**
 * The labels file of a feature set: the data folder's table, if it can be changed in place; else a new file.
 *
 * @param file path of a new labels file
 * @throws UserError if the data folder is missing or unreadable
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

import type { DeviceName } from '../features/manifest/manifest.ts';
import type { Outcome } from '../features/tables/outcomes.ts';
import { loadReportHead } from '../predict/load-head.ts';
import { type Choice, choices } from '../suggest/rank/choose.ts';
import { type Suggestions, suggestPhotos } from '../suggest/suggest.ts';
import { extractUnlabelled, unlabelledName, unreadPhotos } from '../suggest/unlabelled.ts';
import { usageError } from '../system/errors.ts';
import type { OnProgress } from '../system/progress.ts';
import { programVersion } from '../system/version.ts';

/** What `suggest` may be told; the names and defaults are those of its options on the command line. */
export interface SuggestOptions {
  /** Folder of a report, as `classify` writes it. */
  readonly head: string;
  /** Folder or archive of photos without labels; what its folders are called says nothing. */
  readonly from: string;
  /** Most photos to suggest. Default: 50. */
  readonly count?: number;
  /** Smallest margins alone, or of three times as many such as are unlike each other. Default: `margin-k-center`. */
  readonly by?: Choice;
  /** Where feature sets live. Default: `cache`. */
  readonly cache?: string;
  /** Of the feature set of the photos. Default: the folder's name and `-unlabelled`. */
  readonly name?: string;
  /** Where the network's weights lie now, if they were moved. */
  readonly weights?: string;
  /** Of random weights. Default: the feature set's. */
  readonly seed?: number;
  /** Default: the CPU where it made the head's features, else `auto`. */
  readonly device?: DeviceName | 'auto';
  /** Images per run of the network. Default: 8. */
  readonly batch?: number;
  /** Upper bound; changes no number. Default: all cores. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly onNote?: (line: string) => void;
  readonly onWarning?: (line: string) => void;
}

export interface SuggestResult extends Suggestions {
  /** Folder of the photos' feature set. */
  readonly featureSet: string;
  /** Photos that could not be read, and why. */
  readonly unread: readonly Outcome[];
}

/**
 * Which photos without labels a head would learn most from, the first to label first. Their features are kept in a
 * feature set: the next call computes new photos alone.
 *
 * @throws UserError when there is no such head, no photo to choose among, or the features cannot be made as the head's
 */
export async function suggest(options: SuggestOptions): Promise<SuggestResult> {
  const { head: folder, from, count = 50, by = choices[0], cache = 'cache', batch = 8, signal } = options;
  if (!(Number.isSafeInteger(count) && count >= 1)) throw usageError('count', String(count), 'a whole number from 1');
  if (!choices.includes(by)) throw usageError('by', String(by), choices.join(' | '));
  const nothing = (): void => {};
  const head = await loadReportHead(folder);
  const set = await extractUnlabelled(head, {
    ...options,
    cache,
    name: options.name ?? unlabelledName(from),
    batch,
    command: `featuretap suggest --head ${folder} --from ${from}`,
    version: programVersion(),
    onProgress: options.onProgress ?? nothing,
    onNote: options.onNote ?? nothing,
    onWarning: options.onWarning ?? nothing,
  });
  const found = await suggestPhotos(head, set, { count, choice: by, ...(signal && { signal }) });
  return { ...found, featureSet: set.folder, unread: unreadPhotos(set) };
}

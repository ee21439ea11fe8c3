import type { Outcome } from '../features/index/outcomes.ts';
import { loadReportHead } from '../predict/load-head.ts';
import { answerOptions, embedderOptions } from '../predict/options.ts';
import { suggestOptions } from '../suggest/options.ts';
import { type Suggestions, suggestPhotos } from '../suggest/suggest.ts';
import { extractUnlabelled, unlabelledName, unreadPhotos } from '../suggest/unlabelled.ts';
import { type GivenOptions, readOptions } from '../system/options.ts';
import type { OnProgress } from '../system/progress.ts';
import { programVersion } from '../system/version.ts';

type Specs = typeof suggestOptions & typeof embedderOptions & Pick<typeof answerOptions, 'batch'>;

/** Options of `suggest`: those of the command line, with the same names and defaults. */
export interface SuggestOptions extends Omit<GivenOptions<Specs>, 'from'> {
  /** Folder of a report, as `classify` writes it. */
  readonly head: string;
  /** Folder or archive of unlabelled photos; folder names are ignored. */
  readonly from: string;
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
 * Ranks unlabelled photos by how much a head would learn from their labels, most useful first. Their features are kept
 * in a feature set, so the next call computes only new photos.
 *
 * @throws UserError if there is no such head, no photo to choose from, or the head's features cannot be computed for
 *   them
 */
export async function suggest(options: SuggestOptions): Promise<SuggestResult> {
  const { head: folder, from, signal, onProgress, onNote, onWarning, ...given } = options;
  const specs = { ...suggestOptions, ...embedderOptions, batch: answerOptions.batch };
  const values = readOptions(specs, { from, ...given }, 'program');
  const nothing = (): void => {};
  const head = await loadReportHead(folder);
  const set = await extractUnlabelled(head, {
    ...values,
    from,
    name: values.name ?? unlabelledName(from),
    command: `featuretap suggest --head ${folder} --from ${from}`,
    version: programVersion(),
    ...(signal && { signal }),
    onProgress: onProgress ?? nothing,
    onNote: onNote ?? nothing,
    onWarning: onWarning ?? nothing,
  });
  const found = await suggestPhotos(head, set, { count: values.count, choice: values.by, ...(signal && { signal }) });
  return { ...found, featureSet: set.folder, unread: unreadPhotos(set) };
}

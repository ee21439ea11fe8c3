import { join, resolve } from 'node:path';
import { imageLocator } from '../../extract/images/list/locate.ts';
import type { Outcome } from '../../features/index/outcomes.ts';
import type { FeatureSet } from '../../features/reader.ts';
import { loadAskedHead } from '../../predict/load-head.ts';
import { checkOverwrite } from '../../predict/submission/overwrite.ts';
import { percent } from '../../report/figures.ts';
import { PageCache } from '../../report/page/cache/page-cache.ts';
import { makeThumbnails } from '../../report/page/photos.ts';
import { suggestionsHtml } from '../../suggest/page.ts';
import { type Suggestion, type Suggestions, suggestPhotos } from '../../suggest/suggest.ts';
import {
  photoPath,
  suggestionsCsv,
  suggestionsFile,
  suggestionsHeader,
  suggestionsPage,
} from '../../suggest/suggestions-csv.ts';
import { extractUnlabelled, unlabelledName, unreadPhotos } from '../../suggest/unlabelled.ts';
import { makeFolder, writeText } from '../../system/durable.ts';
import { optionsOf, UserError, usageError } from '../../system/errors.ts';
import { nodeFiles } from '../../system/files.ts';
import { counted, printableLine } from '../../system/printable.ts';
import { shortPath } from '../../system/short-path.ts';
import { programVersion } from '../../system/version.ts';
import { openProgress } from '../progress-bar.ts';
import { retyped, withOption } from '../retyped.ts';
import type { Session } from '../verb.ts';
import type { SuggestValues } from './suggest.ts';

/** Suggestions printed; the CSV has all. */
const mostListed = 10;

/** Runs `suggest`; a module of its own, so that `--help` does not load it. */
export async function runSuggest(asked: SuggestValues, session: Session): Promise<number> {
  const { head: headFolder, from, count, by, out } = asked;
  const head = await loadAskedHead({
    folder: headFolder,
    command: (folder) => retyped(withOption(session.args, 'head', folder)),
  });
  if (from === undefined) {
    throw usageError(
      '--from',
      'nothing',
      'a folder of photos without labels',
      retyped(withOption(session.args, 'from', 'FOLDER')),
    );
  }
  if (head.report.featureSet.randomWeights) {
    session.warn('warning: the backbone has random weights: the suggestions are as good as random');
  }
  const csv = join(out, suggestionsFile);
  checkOverwrite(csv, suggestionsHeader, '--out');
  const { signal } = session;
  const progress = openProgress(session);
  let set: FeatureSet;
  try {
    set = await extractUnlabelled(head, {
      ...asked,
      from,
      name: asked.name ?? unlabelledName(from),
      command: session.command,
      version: programVersion(),
      signal,
      onProgress: progress.onProgress,
      onNote: session.note,
      onWarning: session.warn,
    });
  } catch (error) {
    throw aboutFrom(error);
  } finally {
    progress.close();
  }
  const found = await suggestPhotos(head, set, { count, choice: by, signal });
  const unread = unreadPhotos(set);
  tellLeftOut(found, set, unread, session);
  await makeFolder(nodeFiles, out);
  const thumbnails = await thumbnailsOf(found.photos, set, out);
  await writeText(nodeFiles, csv, suggestionsCsv(found.photos, from));
  const page = join(out, suggestionsPage);
  const { photos, unlabelled } = found;
  const shownHead = shortPath(resolve(head.folder));
  await writeText(nodeFiles, page, suggestionsHtml({ photos, unlabelled, folder: from, head: shownHead, thumbnails }));
  const typed = photos.map((photo) => ({ ...photo, path: photoPath(from, photo.path) }));
  const failed = unread.map(({ path, reason }) => ({ path: photoPath(from, path), reason }));
  session.printJson({
    head: head.folder,
    from,
    by,
    featureSet: set.folder,
    ...found,
    photos: typed,
    failed,
    csv,
    page,
  });
  for (const line of photos.slice(0, mostListed).map((photo) => described(photo, from))) session.print(line);
  if (photos.length > mostListed) session.print(`and ${photos.length - mostListed} more`);
  session.print(
    `${photos.length} of ${counted(unlabelled, 'photo')} to label next, the first one first: ${csv}, ${page}`,
  );
  return unread.length === 0 ? 0 : 1;
}

/** Errors about the folder of photos name `extract`'s option --data, which is --from here. */
function aboutFrom(error: unknown): unknown {
  if (!(error instanceof UserError)) return error;
  const { parts } = error;
  const [option] = optionsOf(parts);
  return new UserError({
    ...parts,
    what: parts.what.replace('data folder', '--from folder'),
    option: option?.name === 'data' ? { ...option, name: 'from' } : parts.option,
    // In another command, extract's, the option stays.
    fix: parts.fix?.includes('extract') ? parts.fix : parts.fix?.replaceAll('--data', '--from'),
  });
}

/** Tells which photos are not among the candidates. */
function tellLeftOut(
  { labelled }: Suggestions,
  { outcomes }: FeatureSet,
  unread: readonly Outcome[],
  session: Session,
): void {
  const twins = outcomes.filter(({ outcome }) => outcome === 'duplicate').length;
  if (labelled === undefined) {
    session.warn("warning: the head's own feature set is gone: already labelled photos may be among these");
  }
  const left = [
    ...(labelled === undefined || labelled === 0 ? [] : [`${labelled} already labelled`]),
    ...(twins === 0 ? [] : [`${counted(twins, 'exact copy')} of others`]),
  ];
  if (left.length > 0) session.note(`left out: ${left.join(', ')}`);
  if (unread.length === 0) return;
  session.warn(`${unread.length === 1 ? 'one photo' : `${unread.length} photos`} could not be read:`);
  for (const { path, reason } of unread) session.warn(`  ${printableLine(path)}: ${printableLine(reason)}`);
}

function thumbnailsOf(
  photos: readonly Suggestion[],
  set: FeatureSet,
  out: string,
): Promise<ReadonlyMap<string, string>> {
  const wanted = photos.map(({ id, path }) => ({ id, path, sha256: set.sha256OfId(id) }));
  const locate = imageLocator(set.manifest.madeBy.data);
  return makeThumbnails(wanted, locate, new PageCache(out)).then((made) => made.photos);
}

function described({ rank, path, likeliest: [first, second] }: Suggestion, from: string): string {
  const classes = [first, second].map((each) => `${printableLine(each.class)} ${percent(each.probability)}`);
  return `${rank}  ${printableLine(photoPath(from, path))}  ${classes.join(' or ')}`;
}

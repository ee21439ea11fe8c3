import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { chosenFeatureSet } from '../../classify/choose-features.ts';
import { usableCores } from '../../extract/backbone/processor.ts';
import { imageLocator } from '../../extract/images/list/locate.ts';
import { type FeatureSet, openFeatureSet } from '../../features/reader.ts';
import { findPhotos, namesPhoto } from '../../predict/find/find-photos.ts';
import type { FoundPhoto } from '../../predict/find/nearest-photos.ts';
import { sharedPath } from '../../report/describe.ts';
import { count } from '../../report/figures.ts';
import { PageCache } from '../../report/page/cache/page-cache.ts';
import { breakable, html } from '../../report/page/html.ts';
import { photoListHtml } from '../../report/page/photo-list.ts';
import { makeThumbnails } from '../../report/page/photos.ts';
import { valueAt } from '../../system/at.ts';
import { makeFolder, writeText } from '../../system/durable.ts';
import { UserError, usageError } from '../../system/errors.ts';
import { nodeFiles } from '../../system/files.ts';
import { plural, printableLine } from '../../system/printable.ts';
import { shortPath } from '../../system/short-path.ts';
import { makeTemporaryFolder } from '../../system/temporary-folder.ts';
import { checkNoFolder } from '../../system/write-error.ts';
import { firstImage, meantCommand, missingPaths } from '../predict/meant-images.ts';
import { openProgress } from '../progress-bar.ts';
import { retyped } from '../retyped.ts';
import type { Session } from '../verb.ts';
import type { FindValues } from './find.ts';

/** Runs `find`; a module of its own, so that `--help` does not load it. */
export async function runFind(asked: FindValues, session: Session): Promise<number> {
  const { query, count: most, weights, threads = usableCores(), features: named, page } = asked;
  if (page !== undefined) await checkNoFolder(nodeFiles, page);
  const folder = await chosenFeatureSet(named, 'cache', session.note);
  const set = await openFeatureSet(folder);
  if (query === undefined) {
    const fix = retyped([...session.args, firstPhoto(set) ?? 'photo.jpg']);
    throw usageError('what to find', 'nothing', 'a photo, or words for a network such as CLIP', fix);
  }
  await checkPhotoThere(query, set, session);
  const progress = openProgress(session);
  let found: readonly FoundPhoto[];
  try {
    found = await findPhotos(query, set, {
      count: most,
      weights,
      threads,
      signal: session.signal,
      onProgress: progress.onProgress,
    });
  } finally {
    progress.close();
  }
  if (page !== undefined) await writePage(page, query, set, found);
  session.printJson({ query, features: folder, data: set.manifest.madeBy.data, found, page });
  for (const { path, label, similarity } of found) {
    const labelled = label === undefined ? '' : `  ${printableLine(label)}`;
    session.print(`${similarity.toFixed(3)}  ${printableLine(path)}${labelled}`);
  }
  if (page !== undefined) session.note(`the photos: ${page}`);
  return 0;
}

/** @throws UserError for a missing photo or a folder, naming an existing photo */
async function checkPhotoThere(query: string, set: FeatureSet, session: Session): Promise<void> {
  const isFolder = existsSync(query) && statSync(query).isDirectory();
  const missing = missingPaths([query]);
  if (!isFolder && (missing.length === 0 || !namesPhoto(query))) return;
  const instead = isFolder ? await firstImage(query) : undefined;
  throw new UserError({
    what: isFolder ? 'a folder is no photo' : 'there is no such photo',
    found: query,
    expected: 'a photo, or words',
    instead,
    fix: instead === undefined ? await meantCommand([query], missing, () => firstPhoto(set), session) : undefined,
    exitCode: 2,
  });
}

/** The first photo of a set, where it still is there. */
function firstPhoto(set: FeatureSet): string | undefined {
  const path = join(set.manifest.madeBy.data, valueAt(set.paths, 0));
  return existsSync(path) ? shortPath(path) : undefined;
}

async function writePage(page: string, query: string, set: FeatureSet, found: readonly FoundPhoto[]): Promise<void> {
  const { data } = set.manifest.madeBy;
  const folder = dirname(resolve(page));
  await makeFolder(nodeFiles, folder);
  const wanted = found.map(({ id, path }) => ({ id, path, sha256: set.sha256OfId(id) }));
  const kept = await makeTemporaryFolder('find');
  const { photos } = await makeThumbnails(wanted, imageLocator(data), new PageCache(kept.path)).finally(kept.remove);
  const list = photoListHtml({
    title: 'Photos found',
    lead: html`The ${count(found.length)} of ${count(set.imageCount)} ${plural(set.imageCount, 'photo')} in <code>${breakable(sharedPath(data))}</code> that are nearest to <b>${breakable(query)}</b>, the nearest one first.`,
    note: html`Under each photo: its cosine similarity to the query, and its label if it has one.`,
    photos: found.map(({ id, path, label, similarity }) => ({
      file: path,
      picture: photos.get(id),
      lines: [html`<b>${similarity.toFixed(3)}</b> ${label === undefined ? '' : breakable(label)}`],
    })),
  });
  await writeText(nodeFiles, page, list);
}

import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import picomatch from 'picomatch';
import type { Report } from '../../classify/result/report.ts';
import { holdsImages, imageFolders } from '../../extract/images/list/holds-images.ts';
import { isHidden, isImageName } from '../../extract/images/list/image-names.ts';
import { isArchiveName } from '../../formats/archive/list-archive.ts';
import { isTableName } from '../../formats/table/open-table.ts';
import type { InputFailure } from '../../predict/inputs.ts';
import { UserError, usageError } from '../../system/errors.ts';
import { brokenLink } from '../../system/file-reason.ts';
import { listIfThere, nodeFiles } from '../../system/files.ts';
import { nearestName } from '../../system/nearest.ts';
import { printableLine } from '../../system/printable.ts';
import { shortPath } from '../../system/short-path.ts';
import { retyped, withWholePath } from '../retyped.ts';
import type { Session } from '../verb.ts';

/** Names of a folder shown in a message. */
const mostNamed = 6;

/** Given paths that do not exist, except globs and `-`. */
export function missingPaths(paths: readonly string[]): readonly string[] {
  return paths.filter((path) => path !== '-' && !existsSync(path) && !picomatch.scan(path).isGlob);
}

/** @throws UserError if none of the paths exists, before the network is loaded */
export async function checkAnyThere(paths: readonly string[], report: Report, session: Session): Promise<void> {
  const missing = missingPaths(paths);
  if (missing.length < paths.length) return;
  const here = await namesIn('.');
  const more = here.length > mostNamed ? ' …' : '';
  throw new UserError({
    what: missing.length === 1 ? 'there is no such image or folder' : 'none of these is there',
    found: missing.map(withTarget).join(', '),
    expected: `files, folders, archives, tables or quoted globs${here.length === 0 ? '' : `; here: ${here.slice(0, mostNamed).join(', ')}${more}`}`,
    fix: await meantCommand(
      paths,
      missing,
      () => dataFolder(report.featureSet.madeBy) ?? imageFolders('.')[0],
      session,
    ),
  });
}

function withTarget(path: string): string {
  const link = brokenLink(path);
  return link === undefined ? path : `${path}, ${link}`;
}

/** The command with the nearest existing paths, or with existing images. */
export async function meantCommand(
  paths: readonly string[],
  missing: readonly string[],
  known: () => string | undefined,
  session: Pick<Session, 'args'>,
): Promise<string> {
  const { args } = session;
  const whole = withWholePath(paths, args);
  if (whole !== undefined) return whole;
  const near = await withNearPaths(missing, args);
  if (near.meant.length > 0) return `did you mean ${near.meant.join(', ')}? ${retyped(near.args)}`;
  const first = await firstImage('.');
  // One that was tried gave no answer.
  const there = first === undefined || paths.includes(first) ? known() : first;
  if (there === undefined) return 'name a photo that is there';
  return `one that is there: ${retyped([...args.filter((arg) => !paths.includes(arg)), there])}`;
}

/** The same words with what was probably meant by paths that name nothing, or with images that are there if none is. */
export async function withMeantPaths(paths: readonly string[], args: readonly string[]): Promise<readonly string[]> {
  const missing = missingPaths(paths);
  const near = await withNearPaths(missing, args);
  const there = near.meant.length === 0 && missing.length === paths.length ? await imagesHere() : undefined;
  return there === undefined ? near.args : [...args.filter((arg) => !paths.includes(arg)), there];
}

/** An error with the paths that name nothing, so that one message names both mistakes. */
export function alsoMissing(error: unknown, paths: readonly string[]): unknown {
  const missing = missingPaths(paths);
  if (!(error instanceof UserError) || missing.length === 0) return error;
  const { found } = error.parts;
  const absent = `no such image or folder: ${missing.map(withTarget).join(', ')}`;
  return new UserError({ ...error.parts, found: found === undefined ? absent : `${found}; and ${absent}` });
}

/** An image of the current folder, or a folder in it that holds images. */
export async function imagesHere(): Promise<string | undefined> {
  return (await firstImage('.')) ?? imageFolders('.')[0];
}

/** The arguments with missing paths replaced by the nearest existing ones, and those alone. */
export async function withNearPaths(
  paths: readonly string[],
  args: readonly string[],
): Promise<{ readonly args: readonly string[]; readonly meant: readonly string[] }> {
  const near = new Map<string, string>();
  for (const path of missingPaths(paths)) {
    const meant = await nearestBeside(path);
    if (meant !== undefined) near.set(path, meant);
  }
  return { args: args.map((arg) => near.get(arg) ?? arg), meant: [...near.values()] };
}

/** The first image of a folder by name, or undefined. */
export async function firstImage(folder: string): Promise<string | undefined> {
  const image = (await namesIn(folder)).find(isImageName);
  return image && join(folder, image);
}

/** Prints the failed images, and the command for them. */
export async function tellFailures(
  paths: readonly string[],
  { failed, done }: { readonly failed: readonly InputFailure[]; readonly done: number },
  report: Report,
  session: Session,
): Promise<void> {
  if (done === 0 && failed.length === 0) {
    throw usageError('the list of images', 'nothing on standard input', 'paths, one a line, or the bytes of one image');
  }
  if (failed.length === 0) return;
  session.warn(`${failed.length === 1 ? 'one image' : `${failed.length} images`} could not be classified:`);
  for (const { path, reason } of failed) session.warn(`  ${printableLine(path)}: ${printableLine(reason)}`);
  const missing = missingPaths(paths);
  const fix =
    missing.length > 0 || done === 0
      ? await meantCommand(paths, missing, () => dataFolder(report.featureSet.madeBy) ?? imageFolders('.')[0], session)
      : 'fix or replace these files and run it again for them; the others were classified';
  session.warn(`  fix:      ${fix}`);
}

/** The data folder of the features, if it still exists. */
function dataFolder(madeBy: Report['featureSet']['madeBy']): string | undefined {
  const folder = madeBy?.data;
  return folder !== undefined && existsSync(folder) ? shortPath(folder) : undefined;
}

async function nearestBeside(path: string): Promise<string | undefined> {
  // Names that are listed but do not exist are dangling links.
  const beside = (await namesIn(dirname(path))).filter((name) => existsSync(join(dirname(path), name)));
  const near = nearestName(basename(path), beside);
  return near === undefined ? undefined : join(dirname(path), near);
}

/** Inputs for predict in a folder, by name: images first, then folders, archives and tables. */
async function namesIn(folder: string): Promise<readonly string[]> {
  const names = (await listIfThere(nodeFiles, folder)).filter((name) => !isHidden(name)).sort();
  const images = names.filter(isImageName);
  const others = names.filter((name) => isArchiveName(name) || isTableName(name) || holdsImages(join(folder, name)));
  return [...images, ...others];
}

import { join } from 'node:path';
import { UserError } from '../../system/errors.ts';
import { type Files, listIfThere, readIfThere } from '../../system/files.ts';
import { isGeneralCommand, ownCommand } from '../../system/own-command.ts';
import { shortPath } from '../../system/short-path.ts';
import { runFolder, runPath } from '../manifest/layout.ts';
import { parseOwner } from './lock.ts';

export class NoFeatureSetError extends UserError {}

/** The error for a folder without a manifest, which may hold the beginnings of a run. */
export async function noFeatureSet(files: Files, folder: string): Promise<NoFeatureSetError> {
  const names = await listIfThere(files, folder);
  if (names.includes(runFolder)) {
    return new NoFeatureSetError({
      what: 'a feature set is not finished yet',
      where: folder,
      found: 'an interrupted extraction, which the same command resumes',
      fix: (await killedRun(files, folder)) ?? 'run the same featuretap extract again',
    });
  }
  return new NoFeatureSetError({
    what: 'there is no feature set here',
    where: folder,
    found: 'no manifest.json',
    fix:
      names.length > 0
        ? `${ownCommand('extract', ['--data', shortPath(folder)])}\n            if these are photos: it makes a feature set of them under cache/`
        : 'featuretap extract --data FOLDER\n            makes one under cache/ of images; name it with --features cache/NAME',
  });
}

async function killedRun(files: Files, folder: string): Promise<string | undefined> {
  for (const file of await listIfThere(files, join(folder, runFolder))) {
    if (!/^lock-.*\.json$/.test(file)) continue;
    const bytes = await readIfThere(files, runPath(folder, file));
    const command = bytes && parseOwner(bytes)?.command;
    if (isGeneralCommand(command, 'extract')) return command;
  }
  return undefined;
}

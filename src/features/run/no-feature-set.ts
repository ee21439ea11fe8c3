import { hostname } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../system/errors.ts';
import { type Files, listIfThere, readIfThere } from '../../system/files.ts';
import { isGeneralCommand, ownCommand } from '../../system/own-command.ts';
import { shortPath } from '../../system/short-path.ts';
import { isDead } from '../../system/writers/process-identity.ts';
import { runFolder, runPath } from '../manifest/layout.ts';
import { describeOwner, type LockOwner, parseOwner } from './lock.ts';

export class NoFeatureSetError extends UserError {}

/** The error for a folder without a manifest, which may hold the beginnings of a run. */
export async function noFeatureSet(files: Files, folder: string): Promise<NoFeatureSetError> {
  const names = await listIfThere(files, folder);
  if (names.includes(runFolder)) {
    const owners = await lockOwners(files, folder);
    const holder = owners.find((owner) => owner.host === hostname() && owner.state === 'held' && !isDead(owner));
    if (holder !== undefined) {
      return new NoFeatureSetError({
        what: 'a feature set is not finished yet',
        where: folder,
        found: `it is being written by ${describeOwner(holder)}`,
        fix: 'wait until it is done',
      });
    }
    return new NoFeatureSetError({
      what: 'a feature set is not finished yet',
      where: folder,
      found: 'an interrupted extraction, which the same command resumes',
      fix:
        owners.map(({ command }) => command).find((command) => isGeneralCommand(command, 'extract')) ??
        'run the same featuretap extract again; or, if it stopped at an image, see its message',
    });
  }
  return new NoFeatureSetError({
    what: 'there is no feature set here',
    where: folder,
    found: 'no manifest.json',
    fix:
      names.length > 0
        ? `${ownCommand('extract', ['--data', shortPath(folder)])}\nif these are photos: it makes a feature set of them under cache/`
        : 'featuretap extract --data FOLDER\nmakes one under cache/ of images; name it with --features cache/NAME',
  });
}

async function lockOwners(files: Files, folder: string): Promise<readonly LockOwner[]> {
  const owners: LockOwner[] = [];
  for (const file of await listIfThere(files, join(folder, runFolder))) {
    if (!/^lock-.*\.json$/.test(file)) continue;
    const bytes = await readIfThere(files, runPath(folder, file));
    const owner = bytes && parseOwner(bytes);
    if (owner !== undefined) owners.push(owner);
  }
  return owners;
}

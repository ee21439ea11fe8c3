import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The user's cache folder for featuretap: $FEATURETAP_CACHE_HOME, else the platform's cache folder ($XDG_CACHE_HOME or
 * ~/.cache, ~/Library/Caches, %LOCALAPPDATA%). Not the `--cache` of feature sets.
 */
export function userCacheFolder(env: NodeJS.ProcessEnv = process.env, platform: string = process.platform): string {
  const given = env['FEATURETAP_CACHE_HOME'];
  if (given) return given;
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'featuretap');
  if (platform === 'win32') return join(env['LOCALAPPDATA'] || join(homedir(), 'AppData', 'Local'), 'featuretap');
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'featuretap');
}

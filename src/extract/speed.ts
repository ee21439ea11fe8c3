import { join } from 'node:path';
import { writeDurably } from '../features/durable.ts';
import { type Files, listIfThere, readIfThere } from '../features/files.ts';
import { runPath } from '../features/layout.ts';
import type { Precision } from '../features/manifest.ts';

/** How fast a run was: for `--explain` alone, beside the feature set. */
export interface MeasuredSpeed {
  readonly architecture: string;
  readonly precision: Precision;
  /** Images of the run, and the seconds from its first to its last step. */
  readonly images: number;
  readonly seconds: number;
}

const speedFile = 'speed.json';
/** Below this the start of the program is most of what is measured. */
const fewestImages = 20;

export async function keepSpeed(files: Files, folder: string, speed: MeasuredSpeed): Promise<void> {
  if (speed.images < fewestImages) return;
  await writeDurably(files, runPath(folder, speedFile), [new TextEncoder().encode(`${JSON.stringify(speed)}\n`)]);
}

/** Images per second of the last run of this set with this network, else of another set in the same cache. */
export async function lastSpeed(
  files: Files,
  folder: string,
  like: Pick<MeasuredSpeed, 'architecture' | 'precision'>,
): Promise<number | undefined> {
  const cache = join(folder, '..');
  const folders = [folder, ...(await listIfThere(files, cache)).map((name) => join(cache, name))];
  for (const each of folders) {
    const bytes = await readIfThere(files, runPath(each, speedFile)).catch(() => undefined);
    const speed = bytes && parseSpeed(bytes);
    if (speed?.architecture === like.architecture && speed.precision === like.precision) {
      return speed.images / speed.seconds;
    }
  }
  return undefined;
}

function parseSpeed(bytes: Uint8Array): MeasuredSpeed | undefined {
  try {
    const speed = JSON.parse(new TextDecoder().decode(bytes)) as MeasuredSpeed;
    return speed.images > 0 && speed.seconds > 0 ? speed : undefined;
  } catch {
    return undefined;
  }
}

import { join } from 'node:path';
import { runPath } from '../../features/manifest/layout.ts';
import {
  type DeviceName,
  type FingerprintFields,
  type Precision,
  rowsPerImage,
} from '../../features/manifest/manifest.ts';
import { writeDurably } from '../../system/durable.ts';
import { type Files, listIfThere, readIfThere } from '../../system/files.ts';

/** How fast a run was, for `--explain` and `plan`: kept beside the feature set. */
export interface MeasuredSpeed {
  /** What the network was run on. */
  readonly device: DeviceName;
  /** Cores that the run was given. */
  readonly cores: number;
  /** Images of the run, and the seconds from its first to its last step. */
  readonly images: number;
  readonly seconds: number;
}

/** What the network computes for an image: runs that differ in it say nothing of each other's speed. */
export type WorkFields = Pick<FingerprintFields, 'architecture' | 'precision' | 'preprocessing' | 'views'>;

/** The same, and of what. */
export interface SpeedFile extends MeasuredSpeed {
  readonly architecture: string;
  readonly precision: Precision;
  readonly crop: number;
  readonly rowsPerImage: number;
}

const speedFile = 'speed.json';
/** Below this the start of the program is most of what is measured. */
const fewestImages = 20;

export async function keepSpeed(files: Files, folder: string, fields: WorkFields, speed: MeasuredSpeed): Promise<void> {
  if (speed.images < fewestImages) return;
  const kept: SpeedFile = { ...workOf(fields), ...speed };
  await writeDurably(files, runPath(folder, speedFile), [new TextEncoder().encode(`${JSON.stringify(kept)}\n`)]);
}

/** The last run of this set with this network, else of another set in the same cache. */
export async function lastSpeed(files: Files, folder: string, fields: WorkFields): Promise<MeasuredSpeed | undefined> {
  for await (const speed of measuredSpeeds(files, folder, fields)) return speed;
  return undefined;
}

/** Speeds of the last runs of this network: of this set, then of the others in the same cache. */
export async function* measuredSpeeds(files: Files, folder: string, fields: WorkFields): AsyncGenerator<MeasuredSpeed> {
  const wanted = workOf(fields);
  const cache = join(folder, '..');
  const others = (await listIfThere(files, cache)).map((name) => join(cache, name));
  for (const each of [folder, ...others.filter((other) => other !== folder)]) {
    const speed = await readSpeed(files, each);
    if (speed === undefined) continue;
    const { architecture, precision, crop, rowsPerImage: rows } = speed;
    const sameNetwork = architecture === wanted.architecture && precision === wanted.precision;
    if (sameNetwork && crop === wanted.crop && rows === wanted.rowsPerImage) yield speed;
  }
}

/** The last run of each feature set of a cache, whatever its network. */
export async function speedsIn(files: Files, cache: string): Promise<readonly SpeedFile[]> {
  const names = (await listIfThere(files, cache)).toSorted();
  const speeds = await Promise.all(names.map((name) => readSpeed(files, join(cache, name))));
  return speeds.filter((speed) => speed !== undefined);
}

async function readSpeed(files: Files, folder: string): Promise<SpeedFile | undefined> {
  const bytes = await readIfThere(files, runPath(folder, speedFile)).catch(() => undefined);
  return bytes && parseSpeed(bytes);
}

function workOf(fields: WorkFields): Omit<SpeedFile, keyof MeasuredSpeed> {
  const { architecture, precision, preprocessing } = fields;
  return { architecture, precision, crop: preprocessing.crop, rowsPerImage: rowsPerImage(fields) };
}

function parseSpeed(bytes: Uint8Array): SpeedFile | undefined {
  try {
    const speed: SpeedFile = JSON.parse(new TextDecoder().decode(bytes));
    return speed.images > 0 && speed.seconds > 0 && speed.cores > 0 ? speed : undefined;
  } catch {
    return undefined;
  }
}

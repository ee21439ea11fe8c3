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

/** Speed of a run, for `--explain` and `plan`; kept in the feature set's folder. */
export interface MeasuredSpeed {
  readonly device: DeviceName;
  readonly cores: number;
  /** Images of the run, and its duration. */
  readonly images: number;
  readonly seconds: number;
}

/** Determines the work per image: speeds of runs that differ in it are not comparable. */
export type WorkFields = Pick<FingerprintFields, 'architecture' | 'precision' | 'preprocessing' | 'views'>;

/** The same, with what was run. */
export interface SpeedFile extends MeasuredSpeed {
  readonly architecture: string;
  readonly precision: Precision;
  readonly crop: number;
  readonly rowsPerImage: number;
}

const speedFile = 'speed.json';
/** With fewer images, the start-up time dominates. */
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

/** Speeds of the last runs of this network, first of this set, then of others in the cache. */
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

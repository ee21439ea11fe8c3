import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type IndexedImage, IndexTable } from '../../features/index/index-table.ts';
import { fingerprintOf } from '../../features/manifest/fingerprint.ts';
import { manifestFile, runFolder, shardNumber } from '../../features/manifest/layout.ts';
import { rowsPerImage, type ShardEntry } from '../../features/manifest/manifest.ts';
import { readState, type SetState } from '../../features/manifest/state.ts';
import type { WriterSettings } from '../../features/run/open-run.ts';
import { publish } from '../../features/run/publish.ts';
import { peekJournal } from '../../features/run/run-records.ts';
import { FeatureWriter } from '../../features/run/writer.ts';
import { linkShard } from '../../features/shards/link-shard.ts';
import { isWholeShard } from '../../features/shards/shard.ts';
import { valueAt } from '../../system/at.ts';
import { linkOrCopy, makeFolder } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import { type Files, listIfThere, readIfThere } from '../../system/files.ts';
import { readPartFolder } from '../records/layout.ts';

interface Found {
  readonly folder: string;
  /** Its feature set; a first attempt has none before it ends. */
  readonly state: SetState | undefined;
  readonly images: number;
  readonly rows?: WholeRows;
}

interface WholeRows {
  /** Intact shards with rows of images. */
  readonly shards: readonly ShardEntry[];
  /** New row of each image in these shards, by its row in the set. */
  readonly rowNow: ReadonlyMap<number, number>;
}

/**
 * Opens a writer in a separate folder for this attempt: an ordinary feature set that continues from the part's last
 * state. Earlier attempts are reused: an unlocked folder is continued; from one locked by another process, living or
 * dead, the rows are copied. All reused rows are checked against their sha256, so it does not matter whether that
 * process is alive.
 *
 * @param last folder of the part's last state; undefined if it is unusable
 * @param onDamage called with damaged files, whose rows are computed again
 */
export async function openAttempt(
  files: Files,
  part: string,
  last: string | undefined,
  settings: WriterSettings,
  onDamage: (line: string) => void,
): Promise<FeatureWriter> {
  const fingerprint = fingerprintOf(settings.fields);
  let best = last === undefined ? undefined : await look(files, last, fingerprint, onDamage);
  if (best?.state !== undefined) {
    // An attempt may hold more rows than what is left of a damaged state.
    const rows = await wholeRows(files, best.folder, best.state, onDamage);
    best = { ...best, rows, images: rows.rowNow.size };
  }
  for (const name of (await readPartFolder(files, part)).attempts) {
    const found = await look(files, join(part, name), fingerprint, () => {});
    if (found === undefined || found.images < (best?.images ?? 0)) continue;
    try {
      return await FeatureWriter.open(files, found.folder, settings);
    } catch (error) {
      // Locked by another process, or removed by one that finished the part.
      if (!(error instanceof UserError)) throw error;
    }
    if (found.images > (best?.images ?? 0)) best = found;
  }
  const folder = join(part, `attempt-${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`);
  await makeFolder(files, join(folder, runFolder));
  if (best?.state !== undefined) {
    const rows = best.rows ?? (await wholeRows(files, best.folder, best.state, onDamage));
    await carryState(files, best.folder, best.state, rows, folder);
  }
  if (best !== undefined) await carryRun(files, best.folder, folder);
  return FeatureWriter.open(files, folder, settings);
}

async function look(
  files: Files,
  folder: string,
  fingerprint: string,
  onDamage: (line: string) => void,
): Promise<Found | undefined> {
  let state: SetState | undefined;
  try {
    state = await readState(files, folder);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    onDamage(`${error.parts.what}: ${error.parts.where}; the part is recomputed`);
    return undefined;
  }
  const run = await peekJournal(files, folder, await readIfThere(files, join(folder, manifestFile)));
  const isSame = (state?.manifest.fingerprint ?? fingerprint) === fingerprint;
  const left = run?.fingerprint === fingerprint ? run.images.length : 0;
  if (!isSame || (state === undefined && left === 0)) return undefined;
  return { folder, state, images: (state?.manifest.imageCount ?? 0) + left };
}

async function wholeRows(
  files: Files,
  folder: string,
  { manifest, index }: SetState,
  onDamage: (line: string) => void,
): Promise<WholeRows> {
  const { fields, rowShape } = manifest;
  const stride = rowsPerImage(fields);
  const { rows } = new IndexTable(index, manifest.imageCount, stride, folder);
  const shards: ShardEntry[] = [];
  const rowNow = new Map<number, number>();
  const onLoss = (line: string): void => onDamage(`${line}; its rows are recomputed`);
  let first = 0;
  let now = 0;
  for (const shard of manifest.shards) {
    const end = first + shard.rowCount;
    const own = rows.filter((row) => row >= first && row + stride <= end);
    if (own.length > 0 && (await isWholeShard(files, folder, shard, { rowShape, dtype: fields.dtype }, onLoss))) {
      shards.push(shard);
      for (const row of own) rowNow.set(row, row - first + now);
      now += shard.rowCount;
    }
    first = end;
  }
  return { shards, rowNow };
}

/** Starts a set with the intact rows of another. Labels and outcomes are rebuilt from the attempt's list. */
async function carryState(
  files: Files,
  from: string,
  { manifest, index: bytes }: SetState,
  { shards, rowNow }: WholeRows,
  to: string,
): Promise<void> {
  if (shards.length === 0) return;
  const { fields, rowShape, madeBy, canary } = manifest;
  const index = new IndexTable(bytes, manifest.imageCount, rowsPerImage(fields), from);
  for (const { file } of shards) await linkShard(files, from, file, to, file);
  const images: IndexedImage[] = [];
  for (let image = 0; image < index.imageCount; image++) {
    const row = rowNow.get(valueAt(index.rows, image));
    if (row !== undefined) images.push({ ...index.at(image), row });
  }
  await publish(files, to, { fields, rowShape, shards, images, labels: [], outcomes: [], madeBy, canary });
}

/** Links the journal of a run; missing or partial files are detected when it is loaded. */
async function carryRun(files: Files, from: string, to: string): Promise<void> {
  const own = await listIfThere(files, to);
  // Before the shards: each of them is written before its record.
  const records = await listIfThere(files, join(from, runFolder));
  const shards = (await listIfThere(files, from)).filter((name) => shardNumber(name) !== undefined);
  for (const name of records.filter((each) => /^(run\.json|(shard|piece)-.*\.(json|npy))$/.test(each))) {
    await linkOrCopy(files, join(from, runFolder, name), join(to, runFolder, name)).catch(ignoreLoss);
  }
  for (const name of shards.filter((each) => !own.includes(each))) {
    await linkShard(files, from, name, to, name).catch(ignoreLoss);
  }
}

/** The attempt that owns a file may delete it at any moment. */
function ignoreLoss(error: unknown): void {
  if (!(error instanceof UserError)) throw error;
}

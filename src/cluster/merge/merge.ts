import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { InterruptedError, UserError } from '../../errors.ts';
import { type ExtractOptions, featureFolder, listInputs } from '../../extract/extract.ts';
import type { ImageList } from '../../extract/images/image-file.ts';
import { type Files, nodeFiles, readIfThere } from '../../features/files.ts';
import { differences } from '../../features/fingerprint.ts';
import type { IndexedImage } from '../../features/index-table.ts';
import { type Manifest, rowLength, rowsPerImage } from '../../features/manifest.ts';
import { decodeNumbers } from '../../features/npy.ts';
import type { Outcome } from '../../features/outcomes.ts';
import { ShardFile } from '../../features/shard.ts';
import { FeatureWriter } from '../../features/writer.ts';
import { arrayExpression } from '../array-expression.ts';
import { type PartInput, parseInputs } from '../input-table.ts';
import { inputsFile, partFolder, partsFolder, readPartFolder, stateFolder } from '../layout.ts';
import { partOf } from '../part.ts';
import { type PartRecord, readPartState } from '../part-record.ts';
import { countOfParts } from '../status.ts';

export interface MergeOptions
  extends Pick<ExtractOptions, 'data' | 'name' | 'cache' | 'replace' | 'files' | 'command'> {
  /** Default: what the parts that are there say. */
  readonly parts?: number;
  readonly keepParts?: boolean;
  /** Wait until every part has a record. */
  readonly wait?: boolean;
  readonly signal?: AbortSignal;
  readonly onNote?: (line: string) => void;
}

export interface MergeResult {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly partCount: number;
  readonly newImages: number;
  readonly keptImages: number;
}

/** Some parts are not there or not whole: the others stay as they are. */
export class PartsMissingError extends UserError {
  readonly missing: readonly number[];
  readonly damaged: readonly { readonly part: number; readonly what: string }[];
  readonly array: string;

  constructor(
    set: string,
    count: number,
    missing: readonly number[],
    damaged: readonly { readonly part: number; readonly what: string }[],
  ) {
    const parts = [...missing, ...damaged.map(({ part }) => part)].sort((a, b) => a - b);
    const array = arrayExpression(parts);
    super({
      what: `${parts.length} of ${count} parts are missing or damaged`,
      where: join(set, partsFolder),
      found: [
        ...(missing.length === 0 ? [] : [`missing: ${arrayExpression(missing)}`]),
        ...damaged.map(({ part, what }) => `part ${part}: ${what}`),
      ].join('\n            '),
      expected: `parts 0 to ${count - 1}, each complete`,
      fix: `run these again: --array=${array}`,
    });
    this.missing = missing;
    this.damaged = damaged;
    this.array = array;
  }
}

interface LoadedPart {
  readonly record: PartRecord;
  readonly inputs: readonly PartInput[];
}

/** Puts the parts of a feature set together: the set is what one machine would have made. */
export async function mergeParts(options: MergeOptions): Promise<MergeResult> {
  const { files = nodeFiles } = options;
  const set = featureFolder(options);
  const count = options.parts ?? (await countOfParts(files, set));
  if (options.wait === true) await waitForParts(files, set, count, options);
  const parts = await loadParts(files, set, count);
  const [first] = parts as [LoadedPart];
  const { fields } = first.record;
  const maker = parts.find(({ record }) => record.maker !== undefined)?.record.maker;
  const shardImages = maker?.shardImages ?? 1;
  const writer = await FeatureWriter.open(files, set, {
    fields,
    dataFolder: first.record.data,
    batchImages: shardImages,
    shardBytes: 1,
    command: options.command,
    ...(options.replace === undefined ? {} : { replace: options.replace }),
  });
  try {
    const known = writer.rowOf.size;
    if (maker !== undefined) writer.begin(maker);
    const images: IndexedImage[] = [];
    const labels: (readonly [string, string])[] = [];
    const outcomes: Outcome[] = [];
    const owners = new Map<string, string>();
    for (const { part, input } of await inOrder(parts, options)) {
      const { id, path, label, sha256, outcome, reason, row } = input;
      if (label !== undefined && outcome !== 'missing') labels.push([id, label]);
      if (outcome !== 'kept' || sha256 === undefined) {
        outcomes.push({ id, path, outcome: outcome as 'missing' | 'unreadable' | 'failed', reason });
        continue;
      }
      if (!writer.rowOf.has(sha256)) {
        if (row === undefined) throw new Error(`${id}: no row`);
        await writer.append(await readRow(files, set, part, row), [sha256]);
      }
      if (input.mark !== undefined) writer.remember({ path, ...input.mark, sha256 });
      const setRow = writer.rowOf.get(sha256) as number;
      const owner = owners.get(sha256);
      if (owner !== undefined) {
        outcomes.push({ id, path, outcome: 'duplicate', row: setRow, reason: `the same bytes as ${owner}` });
        continue;
      }
      owners.set(sha256, id);
      images.push({ row: setRow, id, path, sha256 });
    }
    images.sort((a, b) => a.row - b.row);
    const newImages = writer.rowOf.size - known;
    const manifest = await writer.finish({ images, labels, outcomes });
    if (options.keepParts !== true) await files.removeFolder(join(set, partsFolder));
    return { folder: set, manifest, partCount: count, newImages, keptImages: manifest.imageCount - newImages };
  } finally {
    await writer.close();
  }
}

const secondsBetweenLooks = 10;

async function waitForParts(files: Files, set: string, count: number, options: MergeOptions): Promise<void> {
  const { signal, onNote = () => {} } = options;
  let before = -1;
  for (;;) {
    let done = 0;
    for (let index = 0; index < count; index++) {
      if ((await readPartFolder(files, partFolder(set, { index, count }))).states.length > 0) done++;
    }
    if (done === count) return;
    if (done !== before) onNote(`${done} of ${count} parts are complete; waiting for the others`);
    before = done;
    await sleep(secondsBetweenLooks * 1000, undefined, signal === undefined ? {} : { signal }).catch(() => {
      throw new InterruptedError(options.command);
    });
  }
}

async function loadParts(files: Files, set: string, count: number): Promise<readonly LoadedPart[]> {
  const parts: LoadedPart[] = [];
  const missing: number[] = [];
  const damaged: { readonly part: number; readonly what: string }[] = [];
  for (let index = 0; index < count; index++) {
    const folder = partFolder(set, { index, count });
    const { number, record, damage } = await readPartState(files, folder);
    if (damage !== undefined) damaged.push({ part: index, what: damage });
    if (record === undefined) {
      if (damage === undefined) missing.push(index);
      continue;
    }
    const [before] = parts;
    if (before !== undefined && record.fingerprint !== before.record.fingerprint) {
      damaged.push({ part: index, what: differences(before.record.fields, record.fields).join('; ') });
      continue;
    }
    const what = await findDamage(files, folder, number, record);
    if (typeof what === 'string') damaged.push({ part: index, what });
    else parts.push({ record, inputs: what });
  }
  if (missing.length + damaged.length > 0) throw new PartsMissingError(set, count, missing, damaged);
  return parts;
}

async function findDamage(
  files: Files,
  folder: string,
  number: number,
  record: PartRecord,
): Promise<string | readonly PartInput[]> {
  const path = join(folder, stateFolder(number), inputsFile);
  const bytes = await readIfThere(files, path);
  if (bytes === undefined || createHash('sha256').update(bytes).digest('hex') !== record.inputsSha256) {
    return `${inputsFile} is not the one that its record names`;
  }
  for (const entry of record.shards) {
    try {
      const shard = await openShard(files, folder, record, entry);
      await shard.check().finally(() => shard.close());
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return `${entry.file}: ${error.parts.what}`;
    }
  }
  return parseInputs(bytes, path);
}

function openShard(files: Files, folder: string, { maker, fields }: PartRecord, entry: PartRecord['shards'][number]) {
  return ShardFile.open(files, folder, entry, { rowShape: maker?.rowShape ?? [], dtype: fields.dtype });
}

async function readRow(files: Files, set: string, { record }: LoadedPart, row: number): Promise<Float32Array> {
  const { fields, maker, part } = record;
  const stride = rowsPerImage(fields);
  const data = new Float32Array(stride * rowLength(maker?.rowShape ?? []));
  let first = 0;
  for (const entry of record.shards) {
    if (row < first + entry.rowCount) {
      const shard = await openShard(files, partFolder(set, part), record, entry);
      const bytes = new Uint8Array(stride * shard.rowBytes);
      await shard.readRows(row - first, bytes).finally(() => shard.close());
      decodeNumbers(bytes, fields.dtype, data);
      return data;
    }
    first += entry.rowCount;
  }
  throw new RangeError(`row ${row} of a part with ${first} rows`);
}

async function inOrder(
  parts: readonly LoadedPart[],
  options: MergeOptions,
): Promise<readonly { readonly part: LoadedPart; readonly input: PartInput }[]> {
  const all = parts.flatMap((part) => part.inputs.map((input) => ({ part, input })));
  if (new Set(parts.map(({ record }) => record.list.sha256)).size === 1) {
    return all.sort((a, b) => a.input.place - b.input.place);
  }
  const list = await listInputs({ data: options.data, allowMissing: true });
  const next = new Int32Array(parts.length);
  const ids = idsOf(list);
  return ids.map((id) => {
    const index = partOf(id, parts.length);
    const part = parts[index] as LoadedPart;
    const at = next[index] as number;
    next[index] = at + 1;
    const input = part.inputs[at];
    if (input?.id !== id) throw new UserError({ what: `part ${index} is not of the list` });
    return { part, input };
  });
}

function idsOf({ images, missing }: ImageList): readonly string[] {
  return [...images, ...missing].map(({ id }) => id);
}

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { indexFile, labelsFile, nextSuffix, outcomesFile, runPath } from '../../features/manifest/layout.ts';
import type { OutcomeCounts, ShardEntry } from '../../features/manifest/manifest.ts';
import { csvField } from '../../features/tables/csv.ts';
import { memoryFile, memoryHead } from '../../features/tables/file-memory.ts';
import { indexHeader } from '../../features/tables/index-table.ts';
import { labelsHeader } from '../../features/tables/labels.ts';
import { outcomesHeader } from '../../features/tables/outcomes.ts';
import { type Files, readBlocks } from '../../system/files.ts';
import { rawOf, textOf } from '../records/csv-lines.ts';
import type { SetImage } from '../records/images-of-set.ts';
import { inputColumns } from '../records/input-table.ts';
import type { RowSink } from './copy-rows.ts';
import { ExternalSort, type Keyed } from './external-sort.ts';
import type { OrderedInput } from './in-order.ts';
import { KeyedCursor } from './keyed-cursor.ts';
import { PartError } from './part-problems.ts';
import { SameBytesFinder } from './same-bytes.ts';
import { MergedTable } from './text-file.ts';

export interface MergeTablesOptions {
  /** The set's folder; tables are written beside the present ones, under their `.next` names. */
  readonly set: string;
  /** For what does not fit into memory; it is there, and empty. */
  readonly scratch: string;
  /** Absolute path of the data folder. */
  readonly dataFolder: string;
  /** Rows of one image. */
  readonly stride: number;
  /** Inputs of all parts. */
  readonly total: number;
  readonly hasSplit: boolean;
  /** Lines of outcomes.csv for the files that are no inputs. */
  readonly leftOut?: { readonly path: string; readonly count: number; readonly sha256: string };
  /** The inputs in the order of the list; asked for twice. */
  readonly inputs: () => AsyncIterable<readonly OrderedInput[]>;
  /** Images that the set holds, any order; none for a new set. */
  readonly base?: { readonly rowCount: number; readonly images: () => AsyncIterable<readonly SetImage[]> };
  readonly rows: RowSink;
  /** For each of the sorts and searches; more goes to the disk. Default: 48 MB. */
  readonly sortBytes?: number;
  readonly signal?: AbortSignal;
  /** Told how many inputs are done, of both passes together. */
  readonly onInputs?: (done: number) => void;
}

export interface MergedTables {
  readonly indexSha256: string;
  readonly labelsSha256: string;
  readonly outcomesSha256: string;
  readonly counts: OutcomeCounts;
  readonly shards: readonly ShardEntry[];
  /** Images whose rows were copied. */
  readonly newImages: number;
  /** Puts the memory of files in its place: to be called when the set is published. */
  keepMemory(): Promise<void>;
  /** Where it is not. */
  discardMemory(): Promise<void>;
}

const { row: rowColumn, id: idColumn, path: pathColumn, sha256: shaColumn, label: labelColumn } = inputColumns;
const { size: sizeColumn, mtimeNs: mtimeColumn, ctimeNs: ctimeColumn } = inputColumns;
const { outcome: outcomeColumn, reason: reasonColumn, split: splitColumn } = inputColumns;

/**
 * Writes index.csv, labels.csv and outcomes.csv of the merged set in two passes over the inputs, and hands every image
 * that gets a row to `rows`. The first pass finds images with the same bytes; in the second one rows are numbered.
 * Memory does not grow with the inputs: what is sorted or searched goes to the disk beyond a fixed size.
 */
export async function mergeTables(files: Files, options: MergeTablesOptions): Promise<MergedTables> {
  const { set, scratch, sortBytes = 48 << 20, base } = options;
  const sort = (name: string): ExternalSort => new ExternalSort(files, scratch, name, sortBytes);
  const sorts = { places: sort('places'), owners: sort('owners'), outcomes: sort('outcomes'), base: sort('base') };
  const waiting = (name: string): string[] => (base === undefined ? [] : [join(scratch, `new-${name}`)]);
  const tables = {
    index: await MergedTable.open(
      files,
      join(set, indexFile + nextSuffix),
      indexHeader(options.stride),
      ...waiting('index'),
    ),
    memory: await MergedTable.open(
      files,
      runPath(set, memoryFile),
      rawOf(memoryHead(options.dataFolder)),
      ...waiting('files'),
    ),
    labels: await MergedTable.open(files, join(set, labelsFile + nextSuffix), labelsHeader(options.hasSplit)),
    outcomes: await MergedTable.open(files, join(set, outcomesFile + nextSuffix), outcomesHeader),
  };
  const finder = new SameBytesFinder(files, scratch, options.total + (base?.rowCount ?? 0), sortBytes);
  try {
    await findSameBytes(options, finder, sorts);
    const { counts, newImages } = await numberRows(options, sorts, tables);
    const shards = await options.rows.finish();
    await writeBaseLines(sorts.base, tables);
    await writeOutcomes(sorts.outcomes, tables);
    if (options.leftOut !== undefined) await copyLeftOut(files, options.leftOut, tables);
    return {
      indexSha256: await tables.index.finish(),
      labelsSha256: await tables.labels.finish(),
      outcomesSha256: await tables.outcomes.finish(),
      counts,
      shards,
      newImages,
      keepMemory: async () => {
        await tables.memory.finish(true);
      },
      discardMemory: () => tables.memory.discard(),
    };
  } catch (error) {
    for (const table of Object.values(tables)) await table.discard();
    throw error;
  } finally {
    await finder.close();
    for (const each of Object.values(sorts)) await each.close();
  }
}

type Sorts = Readonly<Record<'places' | 'owners' | 'outcomes' | 'base', ExternalSort>>;
type Tables = Readonly<Record<'index' | 'memory' | 'labels' | 'outcomes', MergedTable>>;

/** First pass: for each input whose image has a row when its turn comes, which; and who must hand it on. */
async function findSameBytes(options: MergeTablesOptions, finder: SameBytesFinder, sorts: Sorts): Promise<void> {
  for await (const images of options.base?.images() ?? []) {
    for (const { sha256, row } of images) await finder.addBase(sha256, row)?.flush();
  }
  for await (const batch of options.inputs()) {
    options.signal?.throwIfAborted();
    for (const { place, fields } of batch) {
      const sha256 = fields[shaColumn] as string;
      if (sha256 === '') continue;
      const full = finder.add(sha256, place);
      if (full !== undefined) await full.flush();
    }
    options.onInputs?.((batch.at(-1)?.place ?? 0) + 1);
  }
  for await (const found of finder.found()) {
    for (const each of found) {
      if ('baseRow' in each) {
        if (sorts.places.add(each.place, `b${each.baseRow}`)) await sorts.places.spill();
        continue;
      }
      if (sorts.places.add(each.place, 'd')) await sorts.places.spill();
      if (sorts.owners.add(each.ownerPlace, String(each.place))) await sorts.owners.spill();
    }
  }
}

/** Second pass: every input gets its row, its line and its outcome. */
async function numberRows(
  options: MergeTablesOptions,
  sorts: Sorts,
  tables: Tables,
): Promise<{ readonly counts: OutcomeCounts; readonly newImages: number }> {
  const { stride, rows, total } = options;
  const places = new KeyedCursor(sorts.places.sorted());
  const owners = new KeyedCursor(sorts.owners.sorted());
  const counts = { kept: 0, duplicate: 0, missing: 0, unreadable: 0, failed: 0 };
  let nextRow = options.base?.rowCount ?? 0;
  let newImages = 0;
  for await (const batch of options.inputs()) {
    options.signal?.throwIfAborted();
    const last = batch.at(-1)?.place ?? -1;
    const known = new Queue(await places.takeUpTo(last));
    const owned = new Queue(await owners.takeUpTo(last));
    for (const { place, part, fields } of batch) {
      const id = fields[idColumn] as string;
      const path = fields[pathColumn] as string;
      const outcome = fields[outcomeColumn] as keyof typeof counts;
      const label = fields[labelColumn] as string;
      if (label !== '' && outcome !== 'missing') {
        const split = options.hasSplit ? `,${fields[splitColumn] ?? ''}` : '';
        await tables.labels.add(`${id},${label}${split}\n`);
      }
      if (outcome !== 'kept') {
        counts[outcome]++;
        const line = `f${id},${path},${outcome},,${fields[reasonColumn]}\n`;
        if (sorts.outcomes.add(place, line)) await sorts.outcomes.spill();
        continue;
      }
      const memory = memoryLine(fields);
      const event = known.take(place)?.text;
      if (event === 'd') {
        counts.duplicate++;
        if (sorts.outcomes.add(place, `d${id},${path},duplicate,\0${memory}`)) await sorts.outcomes.spill();
        continue;
      }
      counts.kept++;
      const row = event === undefined ? nextRow : Number(event.slice(1));
      const line = indexLines(row, fields, stride);
      if (event === undefined) {
        const partRow = fields[rowColumn] as string;
        if (partRow === '') throw new PartError(part, 'the set held rows of it that are gone from there');
        const copied = rows.take(part, Number(partRow));
        if (copied !== undefined) await copied;
        nextRow += stride;
        newImages++;
        if (tables.index.addNew(line)) await tables.index.flushNew();
        if (tables.memory.addNew(memory)) await tables.memory.flushNew();
      } else if (sorts.base.add(row, `${line}\0${memory}`)) await sorts.base.spill();
      for (let copy = owned.take(place); copy !== undefined; copy = owned.take(place)) {
        const text = `o${row},${sameBytesReason(id)}\n`;
        if (sorts.outcomes.add(Number(copy.text), text)) await sorts.outcomes.spill();
      }
    }
    options.onInputs?.(total + last + 1);
  }
  const sum = Object.values(counts).reduce((a, b) => a + b, 0);
  const leftOut = options.leftOut === undefined ? {} : { leftOut: options.leftOut.count };
  return { counts: { ...counts, total: sum, ...leftOut }, newImages };
}

/** The first part's list of files that are no inputs, behind the outcomes of the inputs. */
async function copyLeftOut(
  files: Files,
  { path, sha256 }: NonNullable<MergeTablesOptions['leftOut']>,
  { outcomes }: Tables,
): Promise<void> {
  const hash = createHash('sha256');
  for await (const block of readBlocks(files, path)) {
    hash.update(block);
    await outcomes.add(Buffer.from(block).toString('latin1'));
  }
  if (hash.digest('hex') !== sha256) throw new PartError(0, `its list of other files is damaged: ${path}`);
}

/** Sorted items, taken from the front as their keys come up. */
class Queue {
  readonly #items: readonly Keyed[];
  #at = 0;

  constructor(items: readonly Keyed[]) {
    this.#items = items;
  }

  take(key: number): Keyed | undefined {
    const item = this.#items[this.#at];
    if (item?.key !== key) return undefined;
    this.#at++;
    return item;
  }
}

function indexLines(row: number, fields: readonly string[], stride: number): string {
  const rest = `,${fields[idColumn]},${fields[pathColumn]},${fields[shaColumn]}`;
  if (stride === 1) return `${row}${rest}\n`;
  return Array.from({ length: stride }, (_, view) => `${row + view}${rest},${view}\n`).join('');
}

function memoryLine(fields: readonly string[]): string {
  const size = fields[sizeColumn] as string;
  if (size === '') return '';
  return `${fields[pathColumn]},${size},${fields[mtimeColumn]},${fields[ctimeColumn]},${fields[shaColumn]}\n`;
}

function sameBytesReason(id: string): string {
  return rawOf(csvField(`the same bytes as ${textOf(id)}`.replaceAll(/\s+/g, ' ')));
}

/** Lines of images that the set held before, by row; those of new images follow. */
async function writeBaseLines(base: ExternalSort, { index, memory }: Tables): Promise<void> {
  for await (const items of base.sorted()) {
    for (const { text } of items) {
      const end = text.indexOf('\0');
      await index.add(text.slice(0, end));
      await memory.add(text.slice(end + 1));
    }
  }
  await index.endNew();
  await memory.endNew();
}

/** Every input without a row of its own, by place: of a copy, its owner has told the row and the reason before. */
async function writeOutcomes(sorted: ExternalSort, { outcomes, memory }: Tables): Promise<void> {
  let handedOn = '';
  for await (const items of sorted.sorted()) {
    for (const { text } of items) {
      const kind = text[0];
      if (kind === 'o') handedOn = text.slice(1);
      else if (kind === 'f') await outcomes.add(text.slice(1));
      else {
        const end = text.indexOf('\0');
        await outcomes.add(text.slice(1, end) + handedOn);
        await memory.add(text.slice(end + 1));
      }
    }
  }
}

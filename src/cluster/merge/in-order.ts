import { join } from 'node:path';
import { UserError } from '../../system/errors.ts';
import type { Files } from '../../system/files.ts';
import { CsvLines } from '../records/csv-lines.ts';
import { inputColumns, inputsHeader } from '../records/input-table.ts';
import { inputsFile, stateFolder } from '../records/layout.ts';
import type { PartRecord } from '../records/part-record.ts';
import { ofPart, PartError } from './part-problems.ts';
import { type Ranked, Tournament } from './tournament.ts';

/** A part to merge. */
export interface MergePart {
  /** Its folder, and the number of its state. */
  readonly folder: string;
  readonly state: number;
  readonly record: PartRecord;
}

export interface OrderedInput {
  /** In the whole list. */
  readonly place: number;
  /** Number of the part that it belongs to. */
  readonly part: number;
  /** Raw fields of its line; see `inputColumns`. */
  readonly fields: readonly string[];
}

const batchSize = 4096;
/** Of all blocks of all parts together; two of each part are in memory. */
const blocksBytes = 256 << 20;

/**
 * The inputs of all parts in the order of the whole list, a batch at a time, each part's table read once from front to
 * back and checked against its record. Memory: a block of each table, whatever the number of inputs.
 *
 * @param order the part of each input in turn; default: as the places in the tables say, where all parts know one list
 * @throws PartError for a table that is damaged
 * @throws UserError when the parts do not add up to the list
 */
export async function* inputsInOrder(
  files: Files,
  parts: readonly MergePart[],
  order?: Int32Array,
): AsyncGenerator<readonly OrderedInput[]> {
  const blockBytes = Math.min(1 << 20, Math.max(16 << 10, Math.floor(blocksBytes / (2 * parts.length))));
  const streams = parts.map((part, i) => new InputStream(files, part, i, blockBytes));
  for (let i = 0; i < streams.length; i += 64) {
    await Promise.all(streams.slice(i, i + 64).map((stream) => stream.fill()));
  }
  const { imageCount, missingCount } = (parts[0] as MergePart).record.list;
  const total = order?.length ?? imageCount + missingCount;
  const tournament = order === undefined ? new Tournament(streams) : undefined;
  let batch: OrderedInput[] = [];
  for (let place = 0; place < total; place++) {
    const part = order === undefined ? (tournament as Tournament).least : (order[place] as number);
    const stream = streams[part] as InputStream;
    if (stream.key === Number.POSITIVE_INFINITY || (order === undefined && stream.key !== place)) {
      throw doNotAddUp(place, total);
    }
    batch.push({ place, part, fields: stream.fields });
    if (!stream.step()) await stream.fill();
    tournament?.update(part);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (streams.some(({ key }) => key !== Number.POSITIVE_INFINITY)) throw doNotAddUp(total, total);
  yield batch;
}

/** As when another version of the program chose which image belongs to which part. */
function doNotAddUp(place: number, total: number): UserError {
  return new UserError({
    what: 'the parts do not add up to the list of images that they were made of',
    found: place < total ? `input ${place} is in no part, or in two` : 'more inputs than the list has',
    expected: `each of ${total} inputs in one part`,
    fix: 'run all parts again, with one version of featuretap',
  });
}

/** The table of one part; `key` is the place of the input whose line `fields` is. */
class InputStream implements Ranked {
  key: number = Number.NEGATIVE_INFINITY;
  fields: readonly string[] = [];
  readonly #lines: CsvLines;
  readonly #part: number;
  readonly #sha256: string;

  constructor(files: Files, { folder, state, record }: MergePart, part: number, blockBytes: number) {
    this.#lines = new CsvLines(
      files,
      join(folder, stateFolder(state), inputsFile),
      inputsHeader(record.hasSplit === true),
      blockBytes,
    );
    this.#part = part;
    this.#sha256 = record.inputsSha256;
  }

  /** Goes to the next line; false where more must be read first. */
  step(): boolean {
    const fields = ofPart(this.#part, () => this.#lines.next());
    if (fields === undefined) return false;
    this.fields = fields;
    this.key = Number(fields[inputColumns.place]);
    return true;
  }

  /** Reads on and goes to the next line; the key is Infinity at the end, where the whole table is checked. */
  async fill(): Promise<void> {
    while (await ofPart(this.#part, () => this.#lines.fill())) if (this.step()) return;
    this.key = Number.POSITIVE_INFINITY;
    if (this.#lines.sha256() === this.#sha256) return;
    throw new PartError(this.#part, `its table is not the one that its record names: ${this.#lines.path}`);
  }
}

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { csvBlocks, csvLine } from '../../features/index/csv.ts';
import type { FileMark } from '../../features/index/file-memory.ts';
import { NumberedTable } from '../../features/index/numbered-table.ts';
import { UserError } from '../../system/errors.ts';
import { type Files, readWhole } from '../../system/files.ts';
import { inputsFile } from './layout.ts';
import { inputCountOf, type PartRecord } from './part-record.ts';

/** Outcome of an input. Identical files are all `kept`: only the merge sees all of them. */
type InputOutcome = 'kept' | 'missing' | 'unreadable' | 'failed';

/** One line of inputs.csv: an input of the part, in the order of the data folder's list. */
export interface PartInput {
  /** Index in the whole list: images first, then ids without a file. */
  readonly place: number;
  /** Row in the part's shards; absent if there is none, or if the set already has it. */
  readonly row?: number | undefined;
  readonly id: string;
  /** Relative to the data folder; empty for a missing one. */
  readonly path: string;
  /** Of a kept one. */
  readonly sha256?: string | undefined;
  readonly label?: string | undefined;
  /** Part of the data folder's own split. */
  readonly split?: string | undefined;
  /** Mark of the file, if settled. */
  readonly mark?: FileMark | undefined;
  readonly outcome: InputOutcome;
  /** Reason if it has no row. */
  readonly reason: string;
}

const plainHeader = 'place,row,id,path,sha256,label,size,mtime_ns,ctime_ns,outcome,reason';

export function inputsHeader(hasSplit: boolean): string {
  return hasSplit ? `${plainHeader},split` : plainHeader;
}

export function* formatInputs(inputs: Iterable<PartInput>, hasSplit: boolean): Generator<Uint8Array> {
  yield* csvBlocks(inputLines(inputs, hasSplit));
}

function* inputLines(inputs: Iterable<PartInput>, hasSplit: boolean): Generator<string> {
  yield `${inputsHeader(hasSplit)}\n`;
  for (const { place, row, id, path, sha256 = '', label = '', split = '', mark, outcome, reason } of inputs) {
    const times = mark === undefined ? ['', '', ''] : [String(mark.size), mark.mtimeNs, mark.ctimeNs];
    const why = reason.replaceAll(/\s+/g, ' ');
    const fields = [String(place), String(row ?? ''), id, path, sha256, label, ...times, outcome, why];
    yield csvLine(hasSplit ? [...fields, split] : fields);
  }
}

/** inputs.csv, kept as bytes. */
export class InputTable {
  readonly inputCount: number;
  /** Index of each input in the whole list. [inputCount] */
  readonly places: Uint32Array;
  readonly #table: NumberedTable;

  /**
   * @param record record of the part
   * @throws UserError naming the file and the line
   */
  constructor(bytes: Uint8Array, record: PartRecord, path: string) {
    const header = inputsHeader(record.hasSplit === true);
    this.inputCount = inputCountOf(record);
    this.#table = new NumberedTable(bytes, header, this.inputCount, { path, what: 'the table of a part is damaged' });
    this.places = this.#table.numbers;
  }

  at(input: number): PartInput {
    const fields = this.#table.fields(input);
    const [place, row, id = '', path = '', sha256, label, size = '', mtimeNs = '', ctimeNs = ''] = fields;
    const [outcome, reason = '', split] = fields.slice(9);
    return {
      place: Number(place),
      row: row === '' ? undefined : Number(row),
      id,
      path,
      sha256: sha256 === '' ? undefined : sha256,
      label: label === '' ? undefined : label,
      split: split === '' ? undefined : split,
      mark: size === '' ? undefined : { size: Number(size), mtimeNs, ctimeNs },
      outcome: outcome as InputOutcome,
      reason,
    };
  }

  *[Symbol.iterator](): Generator<PartInput> {
    for (let input = 0; input < this.inputCount; input++) yield this.at(input);
  }
}

/**
 * Reads the table of a part's state.
 *
 * @throws UserError if its sha256 is not the record's
 */
export async function readInputs(files: Files, folder: string, record: PartRecord): Promise<InputTable> {
  const path = join(folder, inputsFile);
  const bytes = await readWhole(files, path);
  if (createHash('sha256').update(bytes).digest('hex') === record.inputsSha256) {
    return new InputTable(bytes, record, path);
  }
  throw new UserError({ what: 'its table does not match its record', where: path });
}

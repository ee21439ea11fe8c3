import { csvBlocks, csvLine, parseCsv } from '../../features/tables/csv.ts';
import type { FileMark } from '../../features/tables/file-memory.ts';

/** How an input ended; of files with the same bytes each is `kept`: only the merge sees all of them. */
export type InputOutcome = 'kept' | 'missing' | 'unreadable' | 'failed';

/** One line of inputs.csv: an input of the part, in the order of the data folder's list. */
export interface PartInput {
  /** Its place in the whole list: images first, then the ids without a file. */
  readonly place: number;
  /** Row in the part's shards; absent where there is none, or where the set itself holds it. */
  readonly row?: number;
  readonly id: string;
  /** Relative to the data folder; empty for a missing one. */
  readonly path: string;
  /** Of a kept one. */
  readonly sha256?: string;
  readonly label?: string;
  /** Part of a ready-made split. */
  readonly split?: string;
  /** Of the file, where it settles what its bytes are. */
  readonly mark?: FileMark;
  readonly outcome: InputOutcome;
  /** Why it has no row. */
  readonly reason: string;
}

/** Columns of inputs.csv. `id`, `path` and `sha256` stand as in index.csv, so that their bytes can be taken over. */
export const inputColumns = {
  place: 0,
  row: 1,
  id: 2,
  path: 3,
  sha256: 4,
  label: 5,
  size: 6,
  mtimeNs: 7,
  ctimeNs: 8,
  outcome: 9,
  reason: 10,
  /** In lists with a ready-made split alone. */
  split: 11,
} as const;

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
    yield csvLine([
      String(place),
      row === undefined ? '' : String(row),
      id,
      path,
      sha256,
      label,
      ...times,
      outcome,
      why,
      ...(hasSplit ? [split] : []),
    ]);
  }
}

/** @throws UserError when it is not what `formatInputs` wrote */
export function parseInputs(bytes: Uint8Array, path: string, hasSplit: boolean): readonly PartInput[] {
  return parseCsv(bytes, inputsHeader(hasSplit).split(','), path).map((record) => {
    const [
      place,
      row,
      id = '',
      file = '',
      sha256,
      label,
      size = '',
      mtimeNs = '',
      ctimeNs = '',
      outcome,
      reason = '',
      split,
    ] = record;
    return {
      place: Number(place),
      id,
      path: file,
      outcome: outcome as InputOutcome,
      reason,
      ...(row === '' ? {} : { row: Number(row) }),
      ...(sha256 ? { sha256 } : {}),
      ...(label ? { label } : {}),
      ...(split ? { split } : {}),
      ...(size === '' ? {} : { mark: { size: Number(size), mtimeNs, ctimeNs } }),
    };
  });
}

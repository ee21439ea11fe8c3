import { storedBlockRows } from '../../models/linear-loss.ts';
import { type FitSize, type MemoryPart, mostOf, totalBytes } from '../../models/memory-parts.ts';
import type { Head } from '../../models/model.ts';
import { cachedStore } from '../../rows/cached-store.ts';
import { RowReader } from '../../rows/row-reader.ts';
import type { StoredRows } from '../../rows/row-source.ts';
import { formatBytes } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import type { LabelledData } from '../data/labelled-data.ts';
import { describeNeeds } from './fit-needs.ts';

export interface StreamPlan {
  readonly data: LabelledData<StoredRows>;
  readonly parts: readonly MemoryPart[];
  readonly blockRows: number;
  /** Rows of the store that are cached in memory. */
  readonly keptRows: number;
}

/** Overhead of the garbage collector and ONNX Runtime beyond the counted arrays; measured with 25,600 rows. */
const workingRoom = 44e6;
/** Ids, labels, splits, index and report, per row of the data; measured with 200,000 rows. */
const bytesPerRow = 300;
/** Number of [block rows, classes] arrays in ONNX Runtime and in scoring. */
const scoreArrays = 8;

/**
 * Divides a budget: first the required memory, the rest for a cache of rows. Results do not depend on it: block sizes
 * depend only on the shapes.
 *
 * @param budget bytes beyond the idle process
 * @throws UserError if the budget is too small
 */
export function planStream(
  data: LabelledData<StoredRows>,
  heads: readonly Head[],
  size: FitSize,
  budget: number,
  signal?: AbortSignal,
): StreamPlan {
  const { reader } = data.features;
  const parts = [
    { what: 'working room', bytes: workingRoom },
    { what: 'ids, labels and results', bytes: bytesPerRow * data.ids.length },
    { what: 'blocks of rows', bytes: reader.bytes + (1 << 20) },
    {
      what: 'scores',
      bytes: 4 * scoreArrays * size.classes * Math.min(reader.blockRows, storedBlockRows(size.dims, size.classes)),
    },
    ...mostOf(heads.map((head) => head.needs(size))),
  ].sort((a, b) => b.bytes - a.bytes);
  const needed = totalBytes(parts);
  if (needed > budget) throw tooSmall(parts, budget, heads);
  const store = cachedStore(reader.store, budget - needed);
  const cached = new RowReader(store, reader.blockRows, signal);
  return {
    data: { ...data, features: { ...data.features, reader: cached } },
    parts,
    blockRows: reader.blockRows,
    keptRows: store.keptRows,
  };
}

function tooSmall(parts: readonly MemoryPart[], budget: number, heads: readonly Head[]): UserError {
  const megabytes = Math.ceil(totalBytes(parts) / 1e6);
  const state = heads.some(({ solver }) => solver === 'lbfgs') && parts[0]?.what === 'state of L-BFGS';
  return new UserError({
    what: 'the memory is too small to train with --stream',
    where: `--memory ${formatBytes(budget).replace(' ', '')}`,
    found: `about ${describeNeeds(parts)}`,
    fix: `--memory ${megabytes}MB or more${state ? '; or --optimizer adam, whose state is a fifth of it' : ''}`,
  });
}

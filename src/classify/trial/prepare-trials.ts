import { checkMagnitude } from '../../models/checks.ts';
import type { NetworkTail } from '../../models/finetune/network/tail.ts';
import type { FitSize } from '../../models/memory-parts.ts';
import type { FitContext, Head } from '../../models/model.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { isStored, type RowSource, type StoredRows } from '../../rows/row-source.ts';
import type { Split } from '../../split/split.ts';
import { UserError, usageError } from '../../system/errors.ts';
import type { LabelledData } from '../data/labelled-data.ts';
import { availableMemory } from '../memory/available.ts';
import { checkNeeds, type FitNeeds, fitNeeds } from '../memory/fit-needs.ts';
import { planStream, type StreamPlan } from '../memory/stream-plan.ts';
import type { Report } from '../result/report.ts';
import { checkStoredRows, type OpenTrial, openTrials } from './trial.ts';

export interface TrialOptions {
  readonly heads: readonly Head[];
  readonly threads: number;
  readonly signal?: AbortSignal;
  /** Embeds texts in the space of a set's features, for heads with text prompts. */
  readonly encodeWords?: (featureSet: Report['featureSet'], texts: readonly string[]) => Promise<Matrix>;
  /** Leave the rows on disk and read them in blocks. */
  readonly stream?: boolean;
  /**
   * Memory budget in bytes, beyond the idle process. Default: the free memory, or half of it with `stream`. It does not
   * affect results: with `stream` it sets how many rows are cached.
   */
  readonly memory?: number | undefined;
  /** Loads the layers after the tap of a feature set, for heads that train them. */
  readonly loadNetworkTail?: ((featureSet: Report['featureSet']) => Promise<NetworkTail>) | undefined;
}

export type MemoryEvent =
  | { readonly kind: 'memory'; readonly needs: readonly FitNeeds[]; readonly available: number }
  | { readonly kind: 'stream'; readonly plan: StreamPlan; readonly memory: number }
  | { readonly kind: 'check'; readonly done: number; readonly total: number };

/**
 * Decides where the rows are kept during the fits. Checks the memory before reading anything; with `stream`, it then
 * checks all rows in one pass.
 *
 * @throws UserError if a head would exceed the memory, or does not support `stream`
 */
export async function prepareTrials(
  data: LabelledData<RowSource>,
  splits: readonly Split[],
  { heads, threads, signal, stream: asked = false, memory, loadNetworkTail, encodeWords }: TrialOptions,
  checkpoints: FitContext['checkpoints'],
  onEvent: ((event: MemoryEvent) => void) | undefined,
): Promise<OpenTrial> {
  const large = heads.some(({ staysOnDisk }) => staysOnDisk === true);
  const stream = asked || (large && isStored(data.features));
  const tail = large ? await loadNetworkTail?.(data.featureSet) : undefined;
  const networkTail = tail && (async () => tail);
  const size = { ...largestFit(data, splits, threads, stream), tail };
  const words = encodeWords && cacheLastTexts((texts) => encodeWords(data.featureSet, texts));
  const common = { signal, networkTail, checkpoints, encodeWords: words };
  if (!stream) {
    const available = memory ?? availableMemory();
    const needs = heads.map((head) => fitNeeds(head, size));
    onEvent?.({ kind: 'memory', needs, available });
    checkNeeds(needs, size, available, memory !== undefined);
    return openTrials(data, { stream, ...common });
  }
  checkStreamed(heads);
  const budget = memory ?? Math.floor(availableMemory() / 2);
  const plan = planStream(onDisk(data), heads, size, budget, signal);
  onEvent?.({ kind: 'stream', plan, memory: budget });
  const total = data.features.rowCount;
  let done = 0;
  const largest = await checkStoredRows(plan.data, signal, (count) => {
    done += count;
    onEvent?.({ kind: 'check', done, total });
  });
  if (heads.some(({ params }) => params['scale'] === undefined)) checkMagnitude(largest, data.featureSet.folder);
  return openTrials(plan.data, { stream, ...common });
}

/** All folds of a calibration use the same prompts: they are encoded once. */
function cacheLastTexts(encode: (texts: readonly string[]) => Promise<Matrix>): NonNullable<FitContext['encodeWords']> {
  let last: { readonly key: string; readonly vectors: Promise<Matrix> } | undefined;
  return (texts) => {
    const key = JSON.stringify(texts);
    if (last?.key !== key) last = { key, vectors: encode(texts) };
    return last.vectors;
  };
}

/** @throws a usage UserError for a head that needs all rows in memory */
export function checkStreamed(heads: readonly Head[]): void {
  const large = heads.find(({ staysOnDisk }) => staysOnDisk === true);
  const other = heads.find(({ rows }) => rows === 'memory');
  if (large !== undefined && other !== undefined) {
    throw usageError(
      '--model',
      `${large.model} beside ${other.model}`,
      `${large.model} by itself: its rows are maps, which stay on the disk`,
      `--model ${large.model}; and --model ${other.model} on a feature set of the average pool`,
    );
  }
  for (const { model, solver, params, rows } of heads) {
    if (rows === 'blocks') continue;
    if (params['sweep'] !== undefined) {
      throw usageError(
        '--stream',
        'given with --sweep',
        'one of the two',
        '--sweep on a part that fits (--subsample 20000), then --stream with what it chose',
      );
    }
    throw usageError('--stream', `--model ${model} by ${solver}, which needs its rows in memory`, '--model linear');
  }
}

function onDisk(data: LabelledData<RowSource>): LabelledData<StoredRows> {
  const { features } = data;
  if (isStored(features)) return { ...data, features };
  throw new UserError({
    what: 'these features cannot be streamed',
    where: data.featureSet.folder,
    found: 'a matrix in memory: in Fortran order, whose rows are not contiguous, or made by a program',
    expected: 'a feature set, or an .npy file in C order',
    fix: 'np.save(path, np.ascontiguousarray(x))',
  });
}

function largestFit(
  data: LabelledData<RowSource>,
  splits: readonly Split[],
  threads: number,
  stream: boolean,
): FitSize {
  return {
    trainRows: (1 + data.viewsPerImage) * Math.max(...splits.map(({ train }) => train.length)),
    testRows: Math.max(...splits.map(({ test }) => test.length)),
    dims: data.features.columnCount,
    classes: data.classes.length,
    threads,
    stream,
  };
}

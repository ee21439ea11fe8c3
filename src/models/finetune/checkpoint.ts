import { createHash } from 'node:crypto';
import { decodeSafetensors, encodeSafetensors, typedTensor } from '../../formats/safetensors.ts';
import { isStored, type RowSource } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import { lookUp } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import type { Checkpoints, Json, NamedArray } from '../model.ts';
import type { EpochFigures } from './fit.ts';
import type { Trainer } from './trainer.ts';

interface TuneState {
  readonly epoch: number;
  /** Tensors by name, including `best:<name>` and `moment 0:<name>`. */
  readonly arrays: ReadonlyMap<string, Float32Array>;
  readonly figures: Json;
}

interface TuneCheckpoint {
  /** Undefined if there is none or it is unreadable: the fit starts from the beginning. */
  read(): Promise<TuneState | undefined>;
  write(state: TuneState): Promise<void>;
}

const format = 'featuretap fine-tuning, version 1';

/**
 * Opens the checkpoint of a fit, identified by everything that affects its result.
 *
 * @param recipe parameters, seed and initial weights
 */
export function openCheckpoint(
  checkpoints: Checkpoints | undefined,
  table: Table<RowSource>,
  recipe: Json,
): TuneCheckpoint | undefined {
  if (checkpoints === undefined) return undefined;
  const key = keyOf(table, recipe);
  return {
    read: async () => {
      const bytes = await checkpoints.read(key);
      return bytes && decode(bytes);
    },
    write: async ({ epoch, arrays, figures }) => {
      const tensors: Record<string, NamedArray> = {};
      for (const [name, data] of arrays) tensors[name] = { shape: [data.length], data };
      await checkpoints.write(key, encodeSafetensors(tensors, { format, state: JSON.stringify({ epoch, figures }) }));
    },
  };
}

function decode(bytes: Uint8Array): TuneState | undefined {
  try {
    const { tensors, metadata } = decodeSafetensors(bytes, 'checkpoint');
    if (metadata.get('format') !== format) return undefined;
    const { epoch, figures }: { epoch: number; figures: Json } = JSON.parse(metadata.get('state') ?? '');
    const arrays = new Map<string, Float32Array>();
    for (const [name, tensor] of tensors) {
      const { data } = typedTensor(tensor, name, 'checkpoint');
      if (!(data instanceof Float32Array)) return undefined;
      arrays.set(name, data);
    }
    return Number.isSafeInteger(epoch) ? { epoch, arrays, figures } : undefined;
  } catch (error) {
    if (error instanceof UserError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function keyOf(
  { features, labels, classes, sampleWeights, groups, plainRowOf }: Table<RowSource>,
  recipe: Json,
): string {
  const hash = createHash('sha256').update(JSON.stringify({ format, recipe, classes }));
  const rows = isStored(features) ? features.rows : features.data;
  for (const part of [rows, labels, sampleWeights, groups, plainRowOf]) {
    hash.update('|');
    if (part !== undefined) hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  }
  return hash.digest('hex').slice(0, 32);
}

/** The epoch with the lowest validation loss. */
export interface BestSoFar {
  readonly epoch: number;
  readonly loss: number;
  readonly tensors: Map<string, Float32Array>;
}

const bestPrefix = 'best:';

/** State of a fit for a checkpoint; the best tensors only if they are not the current ones. */
export function stateOf(
  epoch: number,
  figures: readonly EpochFigures[],
  best: BestSoFar | undefined,
  tensors: ReadonlyMap<string, Float32Array>,
  { moments }: Trainer,
): TuneState {
  const arrays = new Map<string, Float32Array>(tensors);
  for (const [name, parts] of moments) {
    for (const [i, data] of parts.entries()) arrays.set(`moment ${i}:${name}`, data);
  }
  if (best !== undefined && best.epoch < epoch) {
    for (const [name, data] of best.tensors) arrays.set(`${bestPrefix}${name}`, data);
  }
  const found = best === undefined ? {} : { best: { epoch: best.epoch, loss: best.loss } };
  return { epoch, arrays, figures: { epochs: figures.map((each) => ({ ...each })), ...found } };
}

/** Restores tensors and moments. @returns undefined if the state does not match this fit */
export function resumeFrom(
  state: TuneState | undefined,
  tensors: ReadonlyMap<string, Float32Array>,
  { moments }: Trainer,
):
  | { readonly epoch: number; readonly figures: readonly EpochFigures[]; readonly best: BestSoFar | undefined }
  | undefined {
  if (state === undefined) return undefined;
  const { epoch, arrays, figures } = state;
  const targets = [
    ...tensors,
    ...[...moments].flatMap(([name, parts]) => parts.map((data, i) => [`moment ${i}:${name}`, data] as const)),
  ];
  const isWhole = targets.every(([name, data]) => arrays.get(name)?.length === data.length);
  const read = figuresOf(figures);
  if (!isWhole || read === undefined) return undefined;
  for (const [name, data] of targets) data.set(lookUp(arrays, name));
  const { epochs, best } = read;
  if (best === undefined) return { epoch, figures: epochs, best };
  const kept = [...tensors.keys()].map((name): [string, Float32Array] => {
    const own = arrays.get(`${bestPrefix}${name}`) ?? lookUp(arrays, name);
    return [name, own.slice()];
  });
  return { epoch, figures: epochs, best: { ...best, tensors: new Map(kept) } };
}

interface SavedFigures {
  readonly epochs: readonly EpochFigures[];
  readonly best?: { readonly epoch: number; readonly loss: number };
}

function figuresOf(figures: Json): SavedFigures | undefined {
  const isObject = typeof figures === 'object' && figures !== null && 'epochs' in figures;
  return isObject ? (figures as unknown as SavedFigures) : undefined;
}

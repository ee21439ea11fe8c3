import { createHash } from 'node:crypto';
import { decodeSafetensors, encodeSafetensors, typedTensor } from '../../formats/safetensors.ts';
import { isStored, type RowSource } from '../../rows/row-source.ts';
import type { Table } from '../../rows/table.ts';
import { UserError } from '../../system/errors.ts';
import type { Checkpoints } from '../checkpoints.ts';
import type { Json, NamedArray } from '../model.ts';

/** State of a fit after some epochs. */
export interface TuneState {
  readonly epoch: number;
  /** Tensors by name, including `best:<name>` and `moment 0:<name>`. */
  readonly arrays: ReadonlyMap<string, Float32Array>;
  /** Figures so far. */
  readonly figures: Json;
}

/** The checkpoint of one fit. */
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

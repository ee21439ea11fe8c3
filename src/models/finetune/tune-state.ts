import { lookUp } from '../../system/at.ts';
import type { Json } from '../model.ts';
import type { TuneState } from './checkpoint.ts';
import type { EpochFigures } from './fit.ts';
import type { Trainer } from './trainer.ts';

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

import type { Matrix } from '../../numerics/matrix.ts';
import { drawUniform, type RandomState } from '../../numerics/mt19937.kernel.ts';
import { type RowSource, rowPass } from '../../rows/row-source.ts';
import { type Table, takeTableRows } from '../../rows/table.ts';
import { valueAt } from '../../system/at.ts';
import { savedArray } from '../checks.ts';
import type { FitContext, HeadKind } from '../model.ts';
import { foldedTensors } from './network/fold.ts';
import { type GraphTensors, graphTensors } from './network/layout.ts';
import { featureCountOf, type NetworkTail } from './network/tail.ts';
import type { TuneParams } from './options.ts';
import { pooledFeatures } from './pooled-features.ts';
import { transposed } from './tuned-head.ts';

interface StartOptions {
  readonly params: TuneParams;
  readonly linear: HeadKind;
  readonly random: RandomState;
  /** Whether a checkpoint will replace them. */
  readonly resumed: boolean;
}

/** Initial tensors: copies of the network's, with a last layer for the table's classes. */
export async function startTensors(
  tail: NetworkTail,
  table: Table<RowSource>,
  kept: Int32Array,
  { params, linear, random, resumed }: StartOptions,
  context: FitContext,
): Promise<Map<string, Float32Array>> {
  const tensors = graphTensors(tail.blocks, tail.tensors);
  const classes = table.classes.length;
  const features = featureCountOf(tail);
  if (params.lastLayer === 'fresh') {
    // Initialized as torch.nn.Linear.
    const bound = 1 / Math.sqrt(features);
    tensors.set('fc.weight', drawUniform(random, classes * features, bound));
    tensors.set('fc.bias', drawUniform(random, classes, bound));
    return tensors;
  }
  if (resumed) {
    tensors.set('fc.weight', new Float32Array(classes * features));
    tensors.set('fc.bias', new Float32Array(classes));
    return tensors;
  }
  const pooled = await pooledRows(tail, foldedTensors(tail, tensors), table, kept, context);
  const rows = takeTableRows({ ...table, features: pooled.everyRow }, kept);
  const { seed, threads, signal } = context;
  const fitted = await linear.create({ C: params.C }).fit(rows, { seed, threads, signal });
  const saved = fitted.save();
  tensors.set(
    'fc.weight',
    transposed(savedArray(saved, 'weights', Float32Array, [features, classes]), features, classes),
  );
  tensors.set('fc.bias', savedArray(saved, 'bias', Float32Array, [classes]).slice());
  return tensors;
}

/** Pooled features of the kept rows of a table, in an array for all rows. */
async function pooledRows(
  tail: NetworkTail,
  folded: GraphTensors,
  table: Table<RowSource>,
  kept: Int32Array,
  { threads, signal, onProgress }: FitContext,
): Promise<{ readonly everyRow: Matrix }> {
  const features = featureCountOf(tail);
  const { rowCount } = table.features;
  const data = new Float32Array(rowCount * features);
  const own = takeTableRows(table, kept).features;
  const pass = rowPass(own);
  let done = 0;
  for await (const block of pass.blocks()) {
    const pooled = await pooledFeatures(tail, folded, block, { threads, signal });
    for (let row = 0; row < block.rowCount; row++) {
      const place = valueAt(kept, pass.places?.[block.start + row] ?? block.start + row);
      data.set(pooled.data.subarray(row * features, (row + 1) * features), place * features);
    }
    done += block.rowCount;
    onProgress?.({ stage: 'features of the network as it was', done, total: kept.length });
  }
  return { everyRow: { rowCount, columnCount: features, data } };
}

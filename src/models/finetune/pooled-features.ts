import { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import { float32Tensor, graphSession } from '../../numerics/graph-session.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { lookUp } from '../../system/at.ts';
import { pauseForInterrupt } from '../../system/interrupt.ts';
import { convolution, positionsOf } from './network/convolution.ts';
import { foldedShapes } from './network/fold.ts';
import type { GraphTensors } from './network/layout.ts';
import { inputRows, mapsInput, meanOfPositions, residual } from './network/residual.ts';
import { type Product, RowOperators } from './network/row-operators.ts';
import { featureCountOf, type TailShape } from './network/tail.ts';
import { invariantThreads } from './network/threads.ts';

/** Images per run: several runs a second on two cores, so that Ctrl-C is noticed. */
const blockRows = 16;

/** Adds the blocks with fixed statistics, and the average pool, as `pooled`. @returns the products that it computes */
function addPooledFeatures(graph: GraphBuilder, tail: TailShape): readonly Product[] {
  const on = new RowOperators(graph);
  let map = inputRows(on, tail);
  for (const [name, shape] of foldedShapes(tail.blocks)) graph.input(name, 'float32', shape);
  for (const block of tail.blocks) {
    const { output } = residual(on, map, block, (input, conv) => {
      const { forward, output: sides } = convolution(on, input, conv);
      const rows = forward(`${conv.conv}.weight`, `${conv.conv}.bias`);
      return { output: { rows, sides, channels: conv.outChannels } };
    });
    map = output;
  }
  const byPosition = on.reshape(map.rows, [positionsOf(map.sides), -1, map.channels]);
  graph.node('Identity', [meanOfPositions(on, byPosition)], {}, { outputs: ['pooled'] });
  graph.output('pooled', 'float32', ['batch', map.channels]);
  return on.products;
}

/**
 * Output of the average pool after the blocks.
 *
 * @param maps [rows, channels x height x width]
 * @returns [rows, features], bitwise independent of the number of threads
 * @throws InterruptedError if the signal is aborted
 */
export async function pooledFeatures(
  tail: TailShape,
  folded: GraphTensors,
  maps: Matrix,
  { threads, signal }: { readonly threads: number; readonly signal?: AbortSignal | undefined },
): Promise<Matrix> {
  const features = featureCountOf(tail);
  const data = new Float32Array(maps.rowCount * features);
  const shapes = foldedShapes(tail.blocks);
  const tensors = Object.fromEntries(
    [...shapes].map(([name, shape]) => [name, float32Tensor(lookUp(folded, name), shape)]),
  );
  for (let start = 0; start < maps.rowCount; start += blockRows) {
    await pauseForInterrupt(signal);
    const count = Math.min(blockRows, maps.rowCount - start);
    const session = await featureSession(tail, threadsFor(tail, count, threads));
    const rows = maps.data.subarray(start * maps.columnCount, (start + count) * maps.columnCount);
    const own = data.subarray(start * features, (start + count) * features);
    const feeds = { ...tensors, [mapsInput]: float32Tensor(rows, [count, ...tail.mapShape]) };
    await session.run(feeds, { pooled: float32Tensor(own, [count, features]) });
  }
  return { rowCount: maps.rowCount, columnCount: features, data };
}

function threadsFor(tail: TailShape, rowCount: number, threads: number): number {
  return invariantThreads(addPooledFeatures(new GraphBuilder('pooled'), tail), [rowCount], threads);
}

function featureSession(tail: TailShape, threads: number) {
  const { mapShape, blocks } = tail;
  return graphSession(`pooled ${JSON.stringify({ mapShape, blocks })}`, threads, (graph) => {
    addPooledFeatures(graph, tail);
  });
}

import { parentPort, workerData } from 'node:worker_threads';
import { type BinScratch, createBinScratch } from './bins.kernel.ts';
import { binColumns, type TreeInput } from './tree-input.kernel.ts';
import { openScan } from './tree-scan.ts';
import { createTreeScratch, growTree, type Tree } from './trees.kernel.ts';

/** Start data of a worker; all arrays are in shared memory. */
export interface TreesWorkerData {
  readonly input: TreeInput;
  readonly treeCount: number;
  /** [1]: number of the next tree to grow. */
  readonly nextTree: Int32Array;
  /** This worker's columns to bin: [columns of a block, rows]. */
  readonly stage: Float32Array;
}

export type TreesRequest =
  | { readonly kind: 'bin'; readonly firstColumn: number; readonly columnCount: number }
  | { readonly kind: 'grow' };

export type TreesReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'tree'; readonly treeNumber: number; readonly tree: Tree }
  | { readonly kind: 'grown' };

const port = parentPort;
if (port === null) throw new Error('trees.worker runs in a worker thread only');
const { input, treeCount, nextTree, stage }: TreesWorkerData = workerData;
const reply = (message: TreesReply, transfer: readonly ArrayBuffer[] = []): void =>
  port.postMessage(message, [...transfer]);

let binScratch: BinScratch | undefined;
port.on('message', (request: TreesRequest) => {
  if (request.kind === 'bin') {
    binScratch ??= createBinScratch(input.rowCount);
    binColumns(input, stage, request.firstColumn, request.columnCount, binScratch);
    reply({ kind: 'ready' });
    return;
  }
  const scratch = createTreeScratch(input, openScan);
  for (;;) {
    const treeNumber = Atomics.add(nextTree, 0, 1);
    if (treeNumber >= treeCount) break;
    const tree = growTree(input, treeNumber, scratch);
    const buffers = [
      tree.feature,
      tree.threshold,
      tree.child,
      tree.leafStart,
      tree.leafClass,
      tree.leafFraction,
      tree.importance,
    ];
    reply(
      { kind: 'tree', treeNumber, tree },
      buffers.map((array) => array.buffer as ArrayBuffer),
    );
  }
  reply({ kind: 'grown' });
});
reply({ kind: 'ready' });

import { parentPort, workerData } from 'node:worker_threads';
import { RandomForestClassifier } from 'ml-random-forest';
import type { MlForestWorkerData, MlTreeReply, MlTreeRequest } from './grow.ts';

// The package trains in one synchronous call: in a worker, Ctrl-C can end it.
const port = parentPort;
if (port === null) throw new Error('ml-random-forest.worker runs in a worker thread only');
const { features, dims, labels, treeOptions }: MlForestWorkerData = workerData;

port.on('message', (request: MlTreeRequest) => {
  const { rows, columns, featuresPerTree, seed } = request;
  const matrix = Array.from({ length: rows }, (_, row) =>
    Array.from(features.subarray(row * dims, row * dims + columns)),
  );
  const started = performance.now();
  const forest = new RandomForestClassifier({
    nEstimators: 1,
    seed,
    maxFeatures: featuresPerTree,
    replacement: false,
    useSampleBagging: true,
    noOOB: true,
    treeOptions,
  });
  forest.train(matrix, Array.from(labels.subarray(0, rows)));
  const seconds = (performance.now() - started) / 1000;
  const reply: MlTreeReply = { tree: JSON.stringify(forest.toJSON()), seconds };
  port.postMessage(reply);
});

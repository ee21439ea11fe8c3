import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LabelledData } from '../../../src/classify/data/labelled-data.ts';
import { testTable, trainingTable } from '../../../src/classify/trial/trial.ts';
import { scoreProbabilities } from '../../../src/metrics/metrics.ts';
import { foldedTensors } from '../../../src/models/finetune/network/fold.ts';
import { graphTensors } from '../../../src/models/finetune/network/layout.ts';
import { pooledFeatures } from '../../../src/models/finetune/pooled-features.ts';
import { probabilitiesOf } from '../../../src/models/fitted-head.ts';
import { createHead } from '../../../src/models/registry.ts';
import type { Matrix } from '../../../src/numerics/matrix.ts';
import { loadNetworkTail } from '../../../src/predict/network-tail.ts';
import { type RowSource, rowPass, type StoredRows, takeRows } from '../../../src/rows/row-source.ts';
import type { Split } from '../../../src/split/split.ts';
import { peerEnvironment } from '../peers/python.ts';

/** What both sides train with. */
export interface Recipe {
  readonly from: string;
  readonly epochs: number;
  readonly optimizer: string;
  readonly lr: number;
  readonly backboneLr: number;
  readonly weightDecay: number;
  readonly batch: number;
  readonly labelSmoothing: number;
}

/** Results of one side on one split. */
export interface Outcome {
  readonly version: string;
  /** Of the linear head from which the last layer starts, with the original network. */
  readonly linear: number;
  readonly accuracy: number;
  /** Elapsed. */
  readonly epochSeconds: readonly number[];
  /** User and system time of all threads. */
  readonly processorSeconds: readonly number[];
}

type Data = LabelledData<StoredRows>;

/** Features of every row with the original network, on which the linear head is trained. */
export async function plainFeatures(data: Data, threads: number): Promise<Matrix> {
  const tail = await loadNetworkTail(data.featureSet);
  const folded = foldedTensors(tail, graphTensors(tail.blocks, tail.tensors));
  const pass = rowPass(data.features, 64);
  const parts: { places: number[]; rows: Matrix }[] = [];
  for await (const block of pass.blocks()) {
    const places = Array.from({ length: block.rowCount }, (_, i) => pass.places?.[block.start + i] ?? block.start + i);
    parts.push({ places, rows: await pooledFeatures(tail, folded, block, { threads }) });
  }
  const columnCount = parts[0]?.rows.columnCount ?? 0;
  const whole = new Float32Array(data.features.rowCount * columnCount);
  for (const { places, rows } of parts) {
    places.forEach((place, i) => {
      whole.set(rows.data.subarray(i * columnCount, (i + 1) * columnCount), place * columnCount);
    });
  }
  return { rowCount: data.features.rowCount, columnCount, data: whole };
}

/** @param pooled features of every row, from `plainFeatures` */
export async function tuneHere(
  data: Data,
  { train, test }: Split,
  recipe: Recipe,
  threads: number,
  pooled: Matrix,
): Promise<Outcome> {
  const labelled = { ...data, features: pooled };
  const linear = await createHead('linear', {}).fit(trainingTable(labelled, train), { seed: 0, threads });
  const [epochSeconds, processorSeconds]: [number[], number[]] = [[], []];
  let [begun, processorBegun] = [0, process.cpuUsage()];
  const head = createHead('finetune', { ...recipe, validation: 0, calibrate: 'none' });
  const fitted = await head.fit(trainingTable(data, train), {
    seed: 0,
    threads,
    networkTail: () => loadNetworkTail(data.featureSet),
    onProgress: ({ stage, message }) => {
      if (stage === 'epochs' && message === undefined) return;
      if (stage === 'epochs') {
        const { user, system } = process.cpuUsage(processorBegun);
        epochSeconds.push((performance.now() - begun) / 1000);
        processorSeconds.push((user + system) / 1e6);
      }
      [begun, processorBegun] = [performance.now(), process.cpuUsage()];
    },
  });
  const own = testTable(data, test);
  const score = async (model: typeof fitted, features: RowSource): Promise<number> => {
    const probabilities = await probabilitiesOf(model, features, {});
    const matrix = { rowCount: test.length, columnCount: data.classes.length, data: probabilities };
    return scoreProbabilities(own.labels, matrix).accuracy;
  };
  return {
    version: 'featuretap',
    linear: await score(linear, takeRows(pooled, test)),
    accuracy: await score(fitted, own.features),
    epochSeconds,
    processorSeconds,
  };
}

/** The same with PyTorch, from scikit-learn's linear head. */
export async function tuneWithPytorch(
  data: Data,
  { train, test }: Split,
  recipe: Recipe,
  threads: number,
  python: string,
  shards: readonly (readonly [path: string, rows: number])[],
): Promise<Outcome> {
  const { fields, madeBy, rowShape } = data.featureSet;
  const labels: number[] = [];
  data.features.rows.forEach((row, i) => {
    labels[row] = data.labels[i] ?? 0;
  });
  const given = {
    ...recipe,
    ...{ threads, seed: 0, C: 1, warmup: 1, momentum: 0.9 },
    shards,
    weights: madeBy?.weightsFile,
    architecture: fields?.architecture,
    tap: fields?.tap,
    mapShape: rowShape,
    classes: data.classes.length,
    labels: Array.from(labels, (label) => label ?? 0),
    train: Array.from(train, (i) => data.features.rows[i]),
    test: Array.from(test, (i) => data.features.rows[i]),
  };
  const folder = await mkdtemp(join(tmpdir(), 'featuretap-bench-'));
  try {
    const file = join(folder, 'given.json');
    await writeFile(file, JSON.stringify(given));
    const script = fileURLToPath(new URL('pytorch.py', import.meta.url));
    const said = execFileSync(python, ['-P', script, file], { encoding: 'utf8', env: peerEnvironment, maxBuffer: 1e8 });
    const { losses: _losses, ...outcome } = JSON.parse(said.trim().split('\n').at(-1) ?? '');
    return outcome;
  } finally {
    await rm(folder, { recursive: true });
  }
}

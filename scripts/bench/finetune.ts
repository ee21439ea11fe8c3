import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { testTable, trainingTable } from '../../src/classify/data/data-tables.ts';
import { joinRows, type LabelledData } from '../../src/classify/data/labelled-data.ts';
import { stratifiedSubsample } from '../../src/classify/data/subsample.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { scoreProbabilities } from '../../src/metrics/metrics.ts';
import { probabilitiesOf } from '../../src/models/fitted-head.ts';
import { createHead } from '../../src/models/registry.ts';
import { loadNetworkTail } from '../../src/predict/network-tail.ts';
import type { StoredRows } from '../../src/rows/row-source.ts';
import { type Split, stratifiedShuffleSplit } from '../../src/split/split.ts';
import { findPeer, peerEnvironment, tellPeer } from './peers/python.ts';

const usage = `npm run bench -- finetune [options]
Fine-tuning of the last blocks from cached maps, beside PyTorch on the same maps with the same recipe: seconds per epoch
and accuracy on the same test rows, and that of the linear head that both start from.
  --features DIR     feature set of maps (default cache/dogs-layer3: extract --tap layer3 --pool none --dtype float16)
  --repeats N        splits (default 5)
  --test-size N      rows or share (default 200)
  --subsample N      training rows of each split (default all)
  --epochs N         (default 10)
  --optimizer NAME   sgd | adamw (default sgd)
  --lr R             of the last layer; the blocks' is a tenth (default 0.001)
  --batch N          rows per step (default 32)
  --label-smoothing  (default 0)
  --threads N        (default all cores)`;

interface Side {
  readonly accuracy: number;
  readonly epochSeconds: readonly number[];
}

interface Recipe {
  readonly epochs: number;
  readonly optimizer: string;
  readonly lr: number;
  readonly batch: number;
  readonly labelSmoothing: number;
}

/** Prints a line for each split and side, and the means. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      features: { type: 'string', default: 'cache/dogs-layer3' },
      repeats: { type: 'string', default: '5' },
      'test-size': { type: 'string', default: '200' },
      subsample: { type: 'string' },
      epochs: { type: 'string', default: '10' },
      optimizer: { type: 'string', default: 'sgd' },
      lr: { type: 'string', default: '0.001' },
      batch: { type: 'string', default: '32' },
      'label-smoothing': { type: 'string', default: '0' },
      threads: { type: 'string', default: String(availableParallelism()) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const recipe = {
    epochs: Number(values.epochs),
    optimizer: values.optimizer,
    lr: Number(values.lr),
    batch: Number(values.batch),
    labelSmoothing: Number(values['label-smoothing']),
  };
  const threads = Number(values.threads);
  const set = await openFeatureSet(values.features);
  const data = joinRows(set, { maxMissing: 1 });
  const shards = set.manifest.shards.map(({ file, rowCount }) => [join(set.folder, file), rowCount] as const);
  const drawn = { testSize: Number(values['test-size']), seed: 0, repeats: Number(values.repeats) };
  const python = findPeer('torch', 'torchvision', 'safetensors', 'sklearn');
  tellPeer(python, 'PyTorch, torchvision, safetensors and scikit-learn');
  const seen: { ours: Side; theirs: (Side & { readonly linear: number }) | undefined }[] = [];
  for (const [repeat, whole] of stratifiedShuffleSplit(data.labels, data.classes, drawn).entries()) {
    const train =
      values.subsample === undefined
        ? whole.train
        : stratifiedSubsample(whole.train, data.labels, data.classes, Number(values.subsample), 0);
    const split = { train, test: whole.test };
    const ours = await tuned(data, split, recipe, threads);
    say(`split ${repeat}, featuretap`, ours);
    const theirs = python && (await tunedByPytorch(python.python, data, shards, split, recipe, threads));
    if (theirs !== undefined) {
      say(`split ${repeat}, ${theirs.version}`, theirs);
      console.log(`  the linear head that they start from: ${percent(theirs.linear)}`);
    }
    seen.push({ ours, theirs });
  }
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
  const peers = seen.flatMap(({ theirs }) => (theirs === undefined ? [] : [theirs]));
  const own = seen.map(({ ours }) => ours);
  const accuracy = (sides: readonly Side[]) => percent(mean(sides.map((side) => side.accuracy)));
  const epoch = (sides: readonly Side[]) => mean(sides.flatMap(({ epochSeconds }) => epochSeconds));
  console.log(`mean: featuretap ${accuracy(own)}, ${epoch(own).toFixed(1)} s an epoch`);
  if (peers.length === 0) return;
  console.log(
    `      PyTorch ${accuracy(peers)}, ${epoch(peers).toFixed(1)} s an epoch; linear ${percent(mean(peers.map(({ linear }) => linear)))}`,
  );
  console.log(`      featuretap's epochs are ${(epoch(peers) / epoch(own)).toFixed(2)}x as fast`);
}

function say(who: string, { accuracy, epochSeconds }: Side): void {
  console.log(`  ${who}: ${percent(accuracy)}, epochs of ${epochSeconds.map((each) => each.toFixed(1)).join(' ')} s`);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

async function tuned(data: LabelledData<StoredRows>, split: Split, recipe: Recipe, threads: number): Promise<Side> {
  const epochSeconds: number[] = [];
  let begun = 0;
  const head = createHead('finetune', { ...recipe, validation: 0, calibrate: 'none' });
  const fitted = await head.fit(trainingTable(data, split.train), {
    seed: 0,
    threads,
    networkTail: () => loadNetworkTail(data.featureSet),
    onProgress: ({ stage, message }) => {
      if (stage !== 'epochs') begun = performance.now();
      if (message === undefined) return;
      epochSeconds.push((performance.now() - begun) / 1000);
      begun = performance.now();
    },
  });
  const test = testTable(data, split.test);
  const probabilities = await probabilitiesOf(fitted, test.features, {});
  const matrix = { rowCount: split.test.length, columnCount: data.classes.length, data: probabilities };
  return { accuracy: scoreProbabilities(test.labels, matrix).accuracy, epochSeconds };
}

async function tunedByPytorch(
  python: string,
  data: LabelledData<StoredRows>,
  shards: readonly (readonly [string, number])[],
  { train, test }: Split,
  recipe: Recipe,
  threads: number,
): Promise<Side & { readonly linear: number; readonly version: string }> {
  const { fields, madeBy, rowShape } = data.featureSet;
  const labels: number[] = [];
  data.features.rows.forEach((row, i) => {
    labels[row] = data.labels[i] ?? 0;
  });
  const given = {
    ...recipe,
    ...{ shards, threads, seed: 0, C: 1, warmup: 1, momentum: 0.9, backboneLr: recipe.lr / 10 },
    weightDecay: recipe.optimizer === 'sgd' ? 1e-4 : 0.01,
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
    const script = fileURLToPath(new URL('finetune.py', import.meta.url));
    const said = execFileSync(python, ['-P', script, file], { encoding: 'utf8', env: peerEnvironment, maxBuffer: 1e8 });
    return JSON.parse(said.trim().split('\n').at(-1) ?? '');
  } finally {
    await rm(folder, { recursive: true });
  }
}

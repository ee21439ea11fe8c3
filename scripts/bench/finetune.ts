import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { joinRows } from '../../src/classify/data/labelled-data.ts';
import { stratifiedSubsample } from '../../src/classify/data/subsample.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { type Split, stratifiedShuffleSplit } from '../../src/split/split.ts';
import { appendRecord, type Record, type Run, readRecords, sameRun } from './finetune/records.ts';
import { type Outcome, plainFeatures, tuneHere, tuneWithPytorch } from './finetune/sides.ts';
import { findPeer, reportPeer } from './peers/python.ts';
import { mean, percent } from './shared/numbers.ts';
import { benchOptions } from './shared/options.ts';

const purpose = `Fine-tunes the last blocks from cached maps, compared with PyTorch on the same maps with the same
recipe: accuracy on the same test rows, that of the linear head from which both start, and seconds per epoch.
The default set is made by extract --tap layer3 --pool none --dtype float16.`;

/** Prints a line for each split and side, and the means. */
export async function run(args: readonly string[]): Promise<void> {
  const values = benchOptions(args, 'finetune', purpose, {
    features: ['feature set of maps', 'DIR', 'cache/dogs-layer3'],
    side: ['featuretap | pytorch | both', 'NAME', 'both'],
    repeats: ['number of splits', 'N', '5'],
    'test-size': ['rows or share', 'N', '200'],
    subsample: ['training rows of each split (default: all)', 'N'],
    'judge-by': ['test | validation: a fifth of the training rows, for choosing a recipe', 'ROWS', 'test'],
    from: ['tap | a block such as layer4.2', 'PLACE', 'tap'],
    epochs: ['number of epochs', 'N', '10'],
    optimizer: ['adamw | sgd', 'NAME', 'adamw'],
    lr: ['of the last layer', 'R', '0.001'],
    'backbone-lr': ['of the blocks (default: a tenth of --lr)', 'R'],
    'weight-decay': ['(default 0.0001 for sgd, 0.01 for adamw)', 'R'],
    batch: ['rows per step', 'N', '32'],
    'label-smoothing': ['of both sides', 'R', '0'],
    threads: ['of both sides', 'T', String(availableParallelism())],
    out: ['keep each run as a line of JSON; runs in the file are not repeated', 'FILE'],
  });
  if (values === undefined) return;
  const recipe = {
    from: values.from,
    epochs: Number(values.epochs),
    optimizer: values.optimizer,
    lr: Number(values.lr),
    backboneLr: Number(values['backbone-lr'] ?? Number(values.lr) / 10),
    weightDecay: Number(values['weight-decay'] ?? (values.optimizer === 'sgd' ? 1e-4 : 0.01)),
    batch: Number(values.batch),
    labelSmoothing: Number(values['label-smoothing']),
  };
  const threads = Number(values.threads);
  const set = await openFeatureSet(values.features);
  const data = joinRows(set, { maxMissing: 1 });
  const shards = set.manifest.shards.map(({ file, rowCount }) => [join(set.folder, file), rowCount] as const);
  const drawn = { testSize: Number(values['test-size']), seed: 0, repeats: Number(values.repeats) };
  const judgedBy = values['judge-by'] === 'validation' ? 'validation' : 'test';
  const sides = (['featuretap', 'pytorch'] as const).filter((side) => values.side === 'both' || values.side === side);
  const python = sides.includes('pytorch') ? findPeer('torch', 'torchvision', 'safetensors', 'sklearn') : undefined;
  if (sides.includes('pytorch')) reportPeer(python, 'PyTorch, torchvision, safetensors and scikit-learn');
  const known = await readRecords(values.out);
  let pooled: Awaited<ReturnType<typeof plainFeatures>> | undefined;
  const seen: Record[] = [];

  for (const [repeat, whole] of stratifiedShuffleSplit(data.labels, data.classes, drawn).entries()) {
    const part = values.subsample === undefined ? whole : subsampled(whole, Number(values.subsample));
    const split = judgedBy === 'test' ? part : validationSplit(part.train);
    for (const side of sides) {
      const own: Run = {
        ...{ side, repeat, judgedBy, threads, recipe },
        ...{ trainRows: split.train.length, testRows: split.test.length },
        ...{ fingerprint: set.manifest.fingerprint, tap: set.manifest.fields.tap, mapShape: set.manifest.rowShape },
      };
      const kept = known.find((record) => sameRun(record, own));
      const outcome = kept ?? (await outcomeOf(side, split));
      if (outcome === undefined) continue;
      const record = { ...own, ...outcome };
      if (kept === undefined) await appendRecord(values.out, record);
      say(record);
      seen.push(record);
    }
  }
  for (const side of sides) printMeans(seen.filter((record) => record.side === side));
  printRatio(seen);

  async function outcomeOf(side: Run['side'], split: Split): Promise<Outcome | undefined> {
    if (side === 'pytorch') return python && tuneWithPytorch(data, split, recipe, threads, python.python, shards);
    pooled ??= await plainFeatures(data, threads);
    return tuneHere(data, split, recipe, threads, pooled);
  }

  function subsampled({ train, test }: Split, size: number): Split {
    return { train: stratifiedSubsample(train, data.labels, data.classes, size, 0), test };
  }

  /** Four fifths for training, one fifth to evaluate a recipe. */
  function validationSplit(train: Int32Array): Split {
    const own = stratifiedSubsample(train, data.labels, data.classes, 0.8, 1);
    const chosen = new Set(own);
    return { train: own, test: train.filter((row) => !chosen.has(row)) };
  }
}

function say({ repeat, version, linear, accuracy, epochSeconds }: Record): void {
  const seconds = epochSeconds.map((each) => each.toFixed(1)).join(' ');
  console.log(
    `  split ${repeat}, ${version}: linear ${percent(linear)}, tuned ${percent(accuracy)}, epochs of ${seconds} s`,
  );
}

function printMeans(records: readonly Record[]): void {
  const [first] = records;
  if (first === undefined) return;
  const [linear, tuned] = [records.map((each) => each.linear), records.map((each) => each.accuracy)];
  const gains = records.map(({ linear: before, accuracy }) => accuracy - before);
  const { clock, processor } = epochOf(records);
  console.log(
    `${first.side}: linear ${percent(mean(linear))}, tuned ${percent(mean(tuned))}, ` +
      `gain ${percent(mean(gains))} (standard deviation ${percent(deviation(gains))}); ` +
      `${clock.toFixed(1)} s per epoch, ${processor.toFixed(1)} s of processor time`,
  );
}

function printRatio(records: readonly Record[]): void {
  const [ours, theirs] = (['featuretap', 'pytorch'] as const).map((side) =>
    records.filter((each) => each.side === side),
  );
  if (!ours?.length || !theirs?.length) return;
  const [own, peer] = [epochOf(ours), epochOf(theirs)];
  console.log(
    `featuretap's epochs are ${(peer.clock / own.clock).toFixed(2)}x as fast as PyTorch's, ` +
      `by processor time ${(peer.processor / own.processor).toFixed(2)}x`,
  );
}

function epochOf(records: readonly Record[]): { readonly clock: number; readonly processor: number } {
  return {
    clock: mean(records.flatMap(({ epochSeconds }) => epochSeconds)),
    processor: mean(records.flatMap(({ processorSeconds }) => processorSeconds)),
  };
}

/** Sample standard deviation (divided by n - 1). */
function deviation(numbers: readonly number[]): number {
  const middle = mean(numbers);
  return Math.sqrt(numbers.reduce((sum, each) => sum + (each - middle) ** 2, 0) / Math.max(1, numbers.length - 1));
}

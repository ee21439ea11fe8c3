import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { joinRows } from '../../src/classify/data/labelled-data.ts';
import { stratifiedSubsample } from '../../src/classify/data/subsample.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { type Split, stratifiedShuffleSplit } from '../../src/split/split.ts';
import { appendRecord, type Record, type Run, readRecords, sameRun } from './finetune/records.ts';
import { type Outcome, plainFeatures, tunedByPytorch, tunedHere } from './finetune/sides.ts';
import { findPeer, tellPeer } from './peers/python.ts';

const usage = `npm run bench -- finetune [options]
Fine-tuning of the last blocks from cached maps, beside PyTorch on the same maps with the same recipe: accuracy on the
same test rows, that of the linear head that both start from, and seconds per epoch.
  --features DIR     feature set of maps (default cache/dogs-layer3: extract --tap layer3 --pool none --dtype float16)
  --side NAME        featuretap | pytorch | both (default both)
  --repeats N        splits (default 5)
  --test-size N      rows or share (default 200)
  --subsample N      training rows of each split (default all)
  --judge-by ROWS    test | validation: a fifth of the training rows, for choosing a recipe (default test)
  --from PLACE       tap | a block such as layer4.2 (default tap)
  --epochs N         (default 10)
  --optimizer NAME   adamw | sgd (default adamw)
  --lr R             of the last layer (default 0.001)
  --backbone-lr R    of the blocks (default a tenth of it)
  --weight-decay R   (default 0.0001 of sgd, 0.01 of adamw)
  --batch N          rows per step (default 32)
  --label-smoothing  (default 0)
  --threads N        (default all cores)
  --out FILE         keeps each run as a line of JSON; runs that it has are not run again`;

/** Prints a line for each split and side, and the means. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      features: { type: 'string', default: 'cache/dogs-layer3' },
      side: { type: 'string', default: 'both' },
      repeats: { type: 'string', default: '5' },
      'test-size': { type: 'string', default: '200' },
      subsample: { type: 'string' },
      'judge-by': { type: 'string', default: 'test' },
      from: { type: 'string', default: 'tap' },
      epochs: { type: 'string', default: '10' },
      optimizer: { type: 'string', default: 'adamw' },
      lr: { type: 'string', default: '0.001' },
      'backbone-lr': { type: 'string' },
      'weight-decay': { type: 'string' },
      batch: { type: 'string', default: '32' },
      'label-smoothing': { type: 'string', default: '0' },
      threads: { type: 'string', default: String(availableParallelism()) },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
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
  if (sides.includes('pytorch')) tellPeer(python, 'PyTorch, torchvision, safetensors and scikit-learn');
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
  for (const side of sides) sayMeans(seen.filter((record) => record.side === side));
  sayRatio(seen);

  async function outcomeOf(side: Run['side'], split: Split): Promise<Outcome | undefined> {
    if (side === 'pytorch') return python && tunedByPytorch(data, split, recipe, threads, python.python, shards);
    pooled ??= await plainFeatures(data, threads);
    return tunedHere(data, split, recipe, threads, pooled);
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

function sayMeans(records: readonly Record[]): void {
  const [first] = records;
  if (first === undefined) return;
  const [linear, tuned] = [records.map((each) => each.linear), records.map((each) => each.accuracy)];
  const gains = records.map(({ linear: before, accuracy }) => accuracy - before);
  const { clock, processor } = epochOf(records);
  console.log(
    `${first.side}: linear ${percent(mean(linear))}, tuned ${percent(mean(tuned))}, gain ${percent(mean(gains))} (standard deviation ${percent(deviation(gains))}); ${clock.toFixed(1)} s an epoch, ${processor.toFixed(1)} s of processor time`,
  );
}

function sayRatio(records: readonly Record[]): void {
  const [ours, theirs] = (['featuretap', 'pytorch'] as const).map((side) =>
    records.filter((each) => each.side === side),
  );
  if (!ours?.length || !theirs?.length) return;
  const [own, peer] = [epochOf(ours), epochOf(theirs)];
  console.log(
    `featuretap's epochs are ${(peer.clock / own.clock).toFixed(2)}x as fast as PyTorch's, by processor time ${(peer.processor / own.processor).toFixed(2)}x`,
  );
}

function epochOf(records: readonly Record[]): { readonly clock: number; readonly processor: number } {
  return {
    clock: mean(records.flatMap(({ epochSeconds }) => epochSeconds)),
    processor: mean(records.flatMap(({ processorSeconds }) => processorSeconds)),
  };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

/** Sample standard deviation (divided by n - 1). */
function deviation(numbers: readonly number[]): number {
  const middle = mean(numbers);
  return Math.sqrt(numbers.reduce((sum, each) => sum + (each - middle) ** 2, 0) / Math.max(1, numbers.length - 1));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { classify } from '../../src/classify/classify.ts';
import { joinLabels, type LabelledData } from '../../src/classify/data/labelled-data.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { createHead } from '../../src/models/registry.ts';
import type { Matrix } from '../../src/numerics/matrix.ts';
import { unitRows } from '../../src/numerics/nearest.kernel.ts';
import { loadReportHead, type ShippedHead } from '../../src/predict/load-head.ts';
import { kthDistances, nearestRows, unlikeThreshold } from '../../src/predict/nearest-training.ts';
import { predictPaths } from '../../src/predict/predict-paths.ts';
import { takeRows } from '../../src/rows/row-source.ts';
import { drawPhotos } from '../demo/draw.ts';
import { separation } from './classify/separation.kernel.ts';
import { percent } from './shared/numbers.ts';
import { benchOptions } from './shared/options.ts';

const purpose = `Measures how well the distance to the k-th nearest training photo detects photos of other things,
compared with the largest probability of the same head: test photos against a folder and generated images, and against
photos of classes that were left out.`;

const neighbours = [1, 5, 10, 50];

/** Scores of the photos of a group. */
interface Seen {
  readonly features: Matrix;
  readonly largest: readonly number[];
}

export async function run(args: readonly string[]): Promise<void> {
  const values = benchOptions(args, 'unlike', purpose, {
    features: ['feature set', 'DIR', 'cache/dogs'],
    odd: ['images of anything else', 'DIR', '../shared/odd-images'],
    drawn: ['number of generated images', 'N', '60'],
    'leave-out': ['classes left out, evenly spaced in their order', 'N', '30'],
    model: ['head', 'NAME', 'linear'],
    weights: ["new location of the backbone's weights", 'FILE'],
  });
  if (values === undefined) return;
  const out = await mkdtemp(join(tmpdir(), 'featuretap-unlike-'));
  try {
    const set = await openFeatureSet(values.features);
    const all = await joinLabels(set, { maxMissing: 1 });
    const whole = await train(all, values.model, join(out, 'whole'));
    const folder = join(out, 'drawn');
    await drawPhotos({ folder, classCount: 6, perClass: Math.ceil(Number(values.drawn) / 6), seed: 0 });
    const weights = values.weights === undefined ? {} : { weights: values.weights };
    await compare(whole, [
      [`images of ${values.odd}`, await photosOf(whole.shipped, values.odd, weights)],
      ['generated images', await photosOf(whole.shipped, folder, weights)],
    ]);
    const step = all.classes.length / Number(values['leave-out']);
    const leaveOut = all.classes.filter((_, c) => Math.floor((c + 1) / step) > Math.floor(c / step));
    const part = await train(await joinLabels(set, { maxMissing: 1, leaveOut }), values.model, join(out, 'part'));
    const others = Int32Array.from(all.labels.keys()).filter((row) =>
      leaveOut.includes(all.classes[all.labels[row] as number] as string),
    );
    await compare(part, [
      [`photos of the ${leaveOut.length} left out`, await seen(part.shipped, takeRows(all.features, others))],
    ]);
  } finally {
    await rm(out, { recursive: true });
  }
}

interface Trained {
  readonly shipped: ShippedHead;
  readonly bank: Matrix;
  readonly labels: Int32Array;
  readonly tested: Seen;
}

async function train(data: LabelledData, model: string, out: string): Promise<Trained> {
  const [report] = await classify(data, {
    heads: [createHead(model, { calibrate: 'auto' })],
    testSize: 0.2,
    seed: 0,
    repeats: 1,
    threads: availableParallelism(),
    out,
    command: 'npm run bench -- unlike',
  });
  if (report === undefined) throw new Error('no report');
  const [split] = report.perRepeat;
  const [own, test] = [Int32Array.from(split?.train ?? []), Int32Array.from(split?.test ?? [])];
  const shipped = await loadReportHead(report.report);
  const bank = takeRows(data.features, own);
  unitRows(bank.data, bank.rowCount, bank.columnCount);
  const labels = own.map((row) => data.labels[row] as number);
  return { shipped, bank, labels, tested: await seen(shipped, takeRows(data.features, test)) };
}

/** @param features are modified: scaled to length 1 */
async function seen({ head }: ShippedHead, features: Matrix): Promise<Seen> {
  const { data, columnCount } = await head.predictProba(features);
  const largest = Array.from({ length: features.rowCount }, (_, row) =>
    Math.max(...data.subarray(row * columnCount, (row + 1) * columnCount)),
  );
  unitRows(features.data, features.rowCount, features.columnCount);
  return { features, largest };
}

async function photosOf(shipped: ShippedHead, folder: string, options: { weights?: string }): Promise<Seen> {
  const rows: Float32Array[] = [];
  const nothing = (async function* () {})();
  const asked = { ...options, stdin: nothing, onFailure: () => {}, onNote: () => {} };
  for await (const outcome of predictPaths(shipped, [folder], asked)) {
    if (outcome.outcome === 'predicted') rows.push(outcome.features);
  }
  const columnCount = shipped.head.dims;
  const data = new Float32Array(rows.length * columnCount);
  rows.forEach((row, i) => {
    data.set(row, i * columnCount);
  });
  return seen(shipped, { rowCount: rows.length, columnCount, data });
}

async function compare(
  { shipped, bank, labels, tested }: Trained,
  groups: readonly (readonly [string, Seen])[],
): Promise<void> {
  const threads = availableParallelism();
  const { model, classes } = shipped.head;
  console.log(
    `${model}, ${classes.length} classes, ${bank.rowCount} training and ${tested.largest.length} test photos`,
  );
  for (const [name, others] of groups) {
    console.log(`  against ${others.largest.length} ${name}`);
    for (const k of neighbours) {
      const distances = async ({ features }: Seen): Promise<Float64Array> =>
        kthDistances(await nearestRows(features, bank, k, threads), k);
      const [near, far] = [await distances(tested), await distances(others)];
      const threshold = (await unlikeThreshold(bank, { labels, classes }, k, threads)) ?? Number.NaN;
      const marked = (found: Float64Array): string => percent(found.filter((d) => d > threshold).length / found.length);
      line(
        `distance to neighbour ${k}`,
        near.map((d) => -d),
        far.map((d) => -d),
        `marked by the threshold: ${marked(far)}, of the test photos ${marked(near)}`,
      );
    }
    line('largest probability', tested.largest, others.largest, '');
  }
}

function line(what: string, inside: ArrayLike<number>, outside: ArrayLike<number>, more: string): void {
  const { auroc, falseAt95 } = separation(inside, outside);
  console.log(
    `    ${what.padEnd(24)} AUROC ${auroc.toFixed(3)}   ` +
      `false positives at 95 % ${percent(falseAt95).padStart(7)}   ${more}`.trimEnd(),
  );
}

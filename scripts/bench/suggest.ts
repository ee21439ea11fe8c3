import { availableParallelism } from 'node:os';
import { joinLabels } from '../../src/classify/data/labelled-data.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { topOfRows } from '../../src/metrics/metrics.kernel.ts';
import type { FittedHead } from '../../src/models/model.ts';
import { createHead } from '../../src/models/registry.ts';
import type { Matrix } from '../../src/numerics/matrix.ts';
import { randomState } from '../../src/numerics/mt19937.kernel.ts';
import { unitRows } from '../../src/numerics/nearest.kernel.ts';
import { studentQuantile } from '../../src/report/statistics/significance.ts';
import { takeRows } from '../../src/rows/row-source.ts';
import { type Table, takeTableRows } from '../../src/rows/table.ts';
import { chooseToLabel } from '../../src/suggest/rank/choose.ts';
import { kCenterGreedy } from '../../src/suggest/rank/k-center.kernel.ts';
import { mean, percent } from './shared/numbers.ts';
import { benchOptions, wholeNumber } from './shared/options.ts';

const purpose = `Measures what labelling the photos of featuretap suggest gains over random photos: from a few labelled
photos of each class, some of the others are labelled in each round, and the head is fitted again and tested on photos
that are never labelled. Random photos, test photos and first photos depend on the seed; all methods share them.`;

/** Photos as row numbers of the table. */
interface Draw {
  readonly first: Int32Array;
  readonly test: Int32Array;
  readonly pool: Int32Array;
}

/** The state when photos are chosen. */
interface Moment {
  readonly table: Table;
  readonly labelled: Int32Array;
  readonly pool: Int32Array;
  readonly margins: Float64Array;
  readonly count: number;
  readonly seed: number;
}

/** Returns the rows of the pool to label next. */
type Way = (moment: Moment) => Promise<Int32Array>;

const ways: Readonly<Record<string, Way>> = {
  random: async ({ pool, count, seed }) => randomState(seed).permutation(pool.length).slice(0, count),
  margin: async ({ table, pool, margins, count }) =>
    chooseToLabel(margins, count, 'margin', async (places) => rowsOf(table, pool, places)),
  'margin-k-center': async ({ table, pool, margins, count }) =>
    chooseToLabel(margins, count, 'margin-k-center', async (places) => rowsOf(table, pool, places)),
  'k-center': async ({ table, labelled, pool, count }) => {
    const rows = unit(takeRows(table.features, pool));
    const before = unit(takeRows(table.features, labelled));
    return kCenterGreedy(rows.data, rows.columnCount, count, nearestDistances(rows, before));
  },
};

export async function run(args: readonly string[]): Promise<void> {
  const values = benchOptions(args, 'suggest', purpose, {
    features: ['feature set', 'DIR', 'cache/dogs'],
    model: ['head, uncalibrated', 'NAME', 'linear'],
    'per-class': ['labelled photos of each class at the start', 'N', '3'],
    count: ['photos that are labelled in a round', 'N', '40'],
    rounds: ['number of rounds', 'N', '5'],
    seeds: ['number of seeds', 'N', '5'],
    test: ['test photos', 'N', '200'],
  });
  if (values === undefined) return;
  const perClass = wholeNumber('--per-class', values['per-class']);
  const count = wholeNumber('--count', values.count);
  const rounds = wholeNumber('--rounds', values.rounds);
  const seeds = wholeNumber('--seeds', values.seeds);
  const testCount = wholeNumber('--test', values.test);
  const table: Table = await joinLabels(await openFeatureSet(values.features), { maxMissing: 1 });
  const found = new Map<string, number[][]>(Object.keys(ways).map((name) => [name, []]));
  for (let seed = 0; seed < seeds; seed++) {
    const draw = drawPhotos(table, perClass, testCount, seed);
    if (seed === 0) {
      console.log(
        `${values.model}, uncalibrated: ${draw.first.length} photos labelled at the start, ` +
          `${perClass} of each of ${table.classes.length} classes; ` +
          `${count} more of ${draw.pool.length} in each of ${rounds} rounds; ${draw.test.length} test photos; ${seeds} seeds`,
      );
    }
    for (const [name, way] of Object.entries(ways)) {
      found.get(name)?.push(await learn(table, draw, way, { model: values.model, count, rounds, seed }));
    }
    console.error(`seed ${seed} done`);
  }
  print(found, rounds);
}

/** The first photos of each class in a random order, then test photos, then the others. */
function drawPhotos({ labels, classes }: Table, perClass: number, testCount: number, seed: number): Draw {
  const taken = new Int32Array(classes.length);
  const order = randomState(seed).permutation(labels.length);
  const isFirst = Array.from(order, (row) => {
    const label = labels[row] as number;
    taken[label] = (taken[label] as number) + 1;
    return (taken[label] as number) <= perClass;
  });
  const others = order.filter((_, i) => isFirst[i] === false);
  return {
    first: order.filter((_, i) => isFirst[i] === true),
    test: others.slice(0, testCount),
    pool: others.slice(testCount),
  };
}

/** Accuracy on the test photos at the start and after each round. */
async function learn(
  table: Table,
  draw: Draw,
  way: Way,
  { model, count, rounds, seed }: { model: string; count: number; rounds: number; seed: number },
): Promise<number[]> {
  const head = createHead(model, {});
  const test = takeTableRows(table, draw.test);
  let [labelled, pool] = [draw.first, draw.pool];
  const accuracies: number[] = [];
  for (let round = 0; ; round++) {
    const context = { seed: 0, threads: availableParallelism() };
    const fitted = await head.fit(takeTableRows(table, labelled), context);
    const predicted = await fitted.predict(test.features);
    accuracies.push(predicted.filter((c, i) => c === test.labels[i]).length / test.labels.length);
    if (round === rounds) return accuracies;
    const margins = await marginsOf(fitted, takeRows(table.features, pool));
    const chosen = await way({ table, labelled, pool, margins, count, seed: 1000 * seed + round });
    const isChosen = new Set(chosen);
    const own = pool;
    labelled = Int32Array.from([...labelled, ...Array.from(chosen, (place) => own[place] as number)]);
    pool = own.filter((_, place) => !isChosen.has(place));
  }
}

async function marginsOf(head: FittedHead, features: Matrix): Promise<Float64Array> {
  const { predicted, probabilities } = await head.predictBoth(features);
  const { data, columnCount } = probabilities;
  const two = topOfRows(data, columnCount, 2, predicted);
  return Float64Array.from({ length: features.rowCount }, (_, row) => {
    const at = row * columnCount;
    return (data[at + (two[2 * row] as number)] as number) - (data[at + (two[2 * row + 1] as number)] as number);
  });
}

function rowsOf({ features }: Table, pool: Int32Array, places: Int32Array): Matrix {
  return takeRows(
    features,
    places.map((place) => pool[place] as number),
  );
}

function unit(rows: Matrix): Matrix {
  unitRows(rows.data, rows.rowCount, rows.columnCount);
  return rows;
}

/** Cosine distance of each row to the nearest of the given ones. */
function nearestDistances(rows: Matrix, before: Matrix): Float64Array {
  const { columnCount } = rows;
  return Float64Array.from({ length: rows.rowCount }, (_, row) => {
    let largest = -1;
    for (let at = 0; at < before.rowCount; at++) {
      let cosine = 0;
      for (let c = 0; c < columnCount; c++) {
        cosine += (rows.data[row * columnCount + c] as number) * (before.data[at * columnCount + c] as number);
      }
      largest = Math.max(largest, cosine);
    }
    return Math.max(0, 1 - largest);
  });
}

/**
 * Means over the seeds, and each method's gain over random photos: the mean difference with Student's 95 % interval.
 */
function print(found: ReadonlyMap<string, number[][]>, rounds: number): void {
  const random = found.get('random') as number[][];
  const heads = Array.from({ length: rounds + 1 }, (_, round) => (round === 0 ? 'start' : `round ${round}`));
  console.log(
    `| photos by | ${heads.join(' | ')} | after round ${rounds}, gain over random | mean of the rounds, gain over random |`,
  );
  console.log(`|${' --- |'.repeat(heads.length + 3)}`);
  for (const [name, runs] of found) {
    const means = heads.map((_, round) => percent(mean(runs.map((run) => run[round] as number))));
    const last = runs.map((run, seed) => (run[rounds] as number) - (random[seed]?.[rounds] as number));
    const whole = runs.map((run, seed) => mean(run.slice(1)) - mean(random[seed]?.slice(1) ?? []));
    const gains = name === 'random' ? ['', ''] : [interval(last), interval(whole)];
    console.log(`| ${[name, ...means, ...gains].join(' | ')} |`);
  }
}

function interval(differences: readonly number[]): string {
  const n = differences.length;
  const centre = mean(differences);
  const variance = differences.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (n - 1);
  const half = studentQuantile(0.95, n - 1) * Math.sqrt(variance / n);
  const points = (value: number): string => `${value < 0 ? '-' : '+'}${Math.abs(100 * value).toFixed(1)}`;
  return `${points(centre)} (${points(centre - half)} to ${points(centre + half)})`;
}

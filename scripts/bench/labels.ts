import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { joinLabels, type LabelledData } from '../../src/classify/data/labelled-data.ts';
import { checkLabels, labelFolds } from '../../src/classify/label-check/check-labels.ts';
import { openTrials } from '../../src/classify/trial/trial.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { encodeNpy } from '../../src/formats/npy/npy.ts';
import { createHead } from '../../src/models/registry.ts';
import { nextBelow, seedStream } from '../../src/numerics/xoshiro.kernel.ts';
import { findPeer } from './peers/python.ts';
import { benchOptions } from './shared/options.ts';

const purpose = `Counts the wrong labels found by classify --check-labels and by cleanlab's own pipeline
(LogisticRegression out of fold over the same five folds, find_label_issues) on the same features with some labels
changed.
npm run bench -- setup installs a Python with cleanlab; without one only featuretap is measured.`;

interface Found {
  readonly seconds: number | undefined;
  /** Probability of the label, per row. */
  readonly quality: readonly number[];
  /** Rows, most suspicious first. */
  readonly issues: readonly number[];
}

interface Checked extends Found {
  /** [rows, classes] */
  readonly probabilities: Float32Array;
}

interface Cleanlab {
  readonly version: string;
  /** Of its own pipeline. */
  readonly seconds: number;
  readonly quality: readonly number[];
  readonly issues: Readonly<Record<string, readonly number[]>>;
  /** From the given probabilities. */
  readonly handed: Omit<Found, 'seconds'>;
}

/** Prints, per draw, how many of the first labels of each ranking were changed, and how well the rankings agree. */
export async function run(args: readonly string[]): Promise<void> {
  const values = benchOptions(args, 'labels', purpose, {
    features: ['feature set', 'DIR', 'cache/dogs'],
    flipped: ['share of the labels that are changed to another class', 'SHARE', '0.05'],
    seeds: ['draws of the changed labels', 'N', '3'],
    first: ['length of the ranking that counts', 'N', '50'],
  });
  if (values === undefined) return;
  const clean = await joinLabels(await openFeatureSet(values.features), { maxMissing: 1 });
  const first = Number(values.first);
  for (let seed = 0; seed < Number(values.seeds); seed++) {
    const { data, changed } = flipLabels(clean, Number(values.flipped), seed);
    const line = (who: string, { seconds, issues }: Found): void => {
      const hits = issues.slice(0, first).filter((row) => changed.has(row)).length;
      const all = issues.filter((row) => changed.has(row)).length;
      console.log(
        `  ${who.padEnd(34)} ${seconds === undefined ? '       –' : `${seconds.toFixed(2).padStart(6)} s`}   ${hits} of the first ${Math.min(first, issues.length)}` +
          `   ${all} of ${changed.size} among ${issues.length} suspected`,
      );
    };
    console.log(`seed ${seed}: ${changed.size} of ${data.ids.length} labels changed`);
    const cheap = await ours(data, 'svm', {});
    line('featuretap svm (the cheapest good)', cheap);
    const linear = await ours(data, 'linear', { calibrate: 'none', C: 1 });
    line('featuretap linear, C=1, uncalibrated', linear);
    const theirs = await cleanlab(data, 1, cheap.probabilities);
    if (theirs === undefined) {
      console.log('  cleanlab: not measured, npm run bench -- setup');
      continue;
    }
    const { seconds, quality, version, handed } = theirs;
    for (const [rule, issues] of Object.entries(theirs.issues)) line(`cleanlab ${rule}`, { seconds, quality, issues });
    line("cleanlab on the svm's answers", { seconds: undefined, ...handed });
    const same = JSON.stringify(handed.issues) === JSON.stringify(cheap.issues);
    console.log(
      `  Spearman's rank correlation over all labels (${version}): svm with cleanlab on its answers ` +
        `${spearman(cheap.quality, handed.quality).toFixed(3)}, the same list: ${same ? 'yes' : 'no'}; with cleanlab's own ` +
        `pipeline svm ${spearman(cheap.quality, quality).toFixed(3)}, linear ${spearman(linear.quality, quality).toFixed(3)}`,
    );
  }
}

async function ours(data: LabelledData, model: string, params: Readonly<Record<string, unknown>>): Promise<Checked> {
  const started = performance.now();
  const head = createHead(model, { calibrate: 'auto', ...params });
  const context = { seed: 0, threads: availableParallelism() };
  const { doubts, probabilities } = await checkLabels(
    head,
    data,
    labelFolds(data, 0),
    openTrials(data, { stream: false }),
    context,
  );
  const quality = new Array<number>(data.ids.length).fill(1);
  for (const { row, labelProbability } of doubts) quality[row] = labelProbability;
  const issues = doubts.filter(({ suspected }) => suspected).map(({ row }) => row);
  return { seconds: (performance.now() - started) / 1000, quality, issues, probabilities };
}

async function cleanlab(data: LabelledData, C: number, given: Float32Array): Promise<Cleanlab | undefined> {
  const python = findPeer('cleanlab')?.python;
  if (python === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'featuretap-labels-'));
  try {
    const { rowCount, columnCount } = data.features;
    await writeFile(join(folder, 'x.npy'), encodeNpy(data.features.data, [rowCount, columnCount], 'float32'));
    await writeFile(join(folder, 'given.npy'), encodeNpy(given, [rowCount, data.classes.length], 'float32'));
    await writeFile(join(folder, 'labels.json'), JSON.stringify({ labels: [...data.labels], C, seed: 0 }));
    const script = fileURLToPath(new URL('peers/labels.py', import.meta.url));
    const said = execFileSync(python, [script, folder, String(availableParallelism())], { maxBuffer: 1 << 28 });
    return JSON.parse(said.toString());
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Gives a share of the rows another class, drawn uniformly. */
function flipLabels(data: LabelledData, share: number, seed: number): { data: LabelledData; changed: Set<number> } {
  const random = seedStream(seed, 0);
  const labels = Int32Array.from(data.labels);
  const changed = new Set<number>();
  while (changed.size < Math.round(share * labels.length)) {
    const row = nextBelow(random, labels.length);
    if (changed.has(row)) continue;
    changed.add(row);
    labels[row] = ((labels[row] as number) + 1 + nextBelow(random, data.classes.length - 1)) % data.classes.length;
  }
  return { data: { ...data, labels }, changed };
}

/** Spearman's rank correlation; ties have the mean of their ranks. */
function spearman(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length - 1) / 2;
  let [both, ofX, ofY] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [dx, dy] = [(x[i] as number) - mean, (y[i] as number) - mean];
    both += dx * dy;
    ofX += dx * dx;
    ofY += dy * dy;
  }
  return both / Math.sqrt(ofX * ofY);
}

function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => (values[a] as number) - (values[b] as number));
  const found = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1] as number] === values[order[from] as number]) to++;
    for (let i = from; i <= to; i++) found[order[i] as number] = (from + to) / 2;
    from = to + 1;
  }
  return found;
}

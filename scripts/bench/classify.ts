import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { encodeLabels } from '../../src/classify/labels.ts';
import { stratifiedShuffleSplit } from '../../src/classify/split.ts';
import { usageError } from '../../src/errors.ts';
import { takeRows } from '../../src/features/matrix.ts';
import { type BenchCase, benchCases, type Measured } from './classify/cases.ts';
import { readMatrix, writeLabels, writeMatrix } from './classify/data.ts';
import { drawFeatures } from './classify/draw-features.kernel.ts';

const usage = `npm run bench -- classify [options]: our heads beside scikit-learn's, on the same files, in one run
  --rows N          training rows to draw (default 9199)
  --test-rows N     test rows to draw (default 1023)
  --dims N          features per row (default 2048)
  --classes N       (default 120)
  --seed N          of the drawn features (default 0)
  --features FILE   instead of drawing: a float32 .npy of all rows; a fifth of them, stratified, is the test
  --labels FILE     and their labels, a JSON list of names
  --heads A,B       lines of the table whose names hold one of the words (default: all)
  --threads T       of either side (default: the machine's cores)
  --no-reference    ours alone
  --out FILE        the figures as JSON (default bench/classify.json)
  --json            print the JSON, not the table`;

interface Line {
  readonly name: string;
  readonly estimator: string;
  readonly target: number;
  readonly ours: Figures;
  readonly reference?: Figures;
  /** Seconds of scikit-learn's fit and score over ours. */
  readonly timesAsFast?: number;
  /** Share of the test rows with the same prediction. */
  readonly samePredictions?: number;
}

type Figures = Omit<Measured, 'predictions'>;

/** Fits every head of the table, each in a process of its own, and its counterpart of scikit-learn where python3 has it. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '9199' },
      'test-rows': { type: 'string', default: '1023' },
      dims: { type: 'string', default: '2048' },
      classes: { type: 'string', default: '120' },
      seed: { type: 'string', default: '0' },
      features: { type: 'string' },
      labels: { type: 'string' },
      heads: { type: 'string' },
      threads: { type: 'string', default: String(availableParallelism()) },
      'no-reference': { type: 'boolean', default: false },
      out: { type: 'string', default: 'bench/classify.json' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const words = values.heads?.split(',') ?? [''];
  const cases = benchCases.filter(({ name }) => words.some((word) => name.includes(word)));
  if (cases.length === 0) throw usageError('--heads', words.join(), benchCases.map(({ name }) => name).join(' | '));
  const threads = whole(values.threads, '--threads');
  const folder = mkdtempSync(join(tmpdir(), 'featuretap-bench-'));
  try {
    const shape =
      values.features === undefined
        ? drawData(folder, {
            rows: whole(values.rows, '--rows'),
            testRows: whole(values['test-rows'], '--test-rows'),
            dims: whole(values.dims, '--dims'),
            classes: whole(values.classes, '--classes'),
            seed: Number(values.seed),
          })
        : splitData(folder, values.features, values.labels);
    const python = values['no-reference'] ? undefined : findPython();
    if (python === undefined && !values['no-reference']) console.error('no python3 with scikit-learn: ours alone');
    const lines = cases.map((chosen) => measure(folder, chosen, threads, python, values.json));
    const result = {
      command: `npm run bench -- classify${args.map((arg) => ` ${arg}`).join('')}`,
      date: new Date().toISOString(),
      machine: {
        cpu: cpus()[0]?.model ?? 'unknown',
        cores: availableParallelism(),
        memoryGiB: Math.round(totalmem() / 2 ** 30),
        node: process.version,
      },
      threads,
      data: shape,
      lines,
    };
    mkdirSync(dirname(values.out), { recursive: true });
    writeFileSync(values.out, `${JSON.stringify(result, null, 2)}\n`);
    if (values.json) console.log(JSON.stringify(result, null, 2));
    else printTable(lines, shape);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface DataShape {
  readonly rows: number;
  readonly testRows: number;
  readonly dims: number;
  readonly classes: number;
  /** `drawn, seed 0`, or the file. */
  readonly source: string;
}

function drawData(folder: string, options: Omit<DataShape, 'source'> & { readonly seed: number }): DataShape {
  const { rows, testRows, dims, classes, seed } = options;
  const { data, labels } = drawFeatures(rows + testRows, dims, classes, seed);
  const cut = rows * dims;
  writeMatrix(folder, 'train.npy', { rowCount: rows, columnCount: dims, data: data.subarray(0, cut) });
  writeMatrix(folder, 'test.npy', { rowCount: testRows, columnCount: dims, data: data.subarray(cut) });
  const [train, test] = [labels.subarray(0, rows), labels.subarray(rows)].map((part) => Array.from(part));
  writeLabels(folder, { classCount: classes, train: train ?? [], test: test ?? [] });
  return { rows, testRows, dims, classes, source: `drawn, seed ${seed}` };
}

function splitData(folder: string, features: string, labelsFile: string | undefined): DataShape {
  if (labelsFile === undefined) throw usageError('--labels', 'nothing', 'a JSON list of names, with --features');
  const matrix = readMatrix(features);
  const { classes, labels } = encodeLabels(JSON.parse(readFileSync(labelsFile, 'utf8')));
  const [split] = stratifiedShuffleSplit(labels, classes, { testSize: 0.2, seed: 0, repeats: 1 });
  if (split === undefined) throw new Error('no split');
  writeMatrix(folder, 'train.npy', takeRows(matrix, split.train));
  writeMatrix(folder, 'test.npy', takeRows(matrix, split.test));
  const [train, test] = [split.train, split.test].map((rows) => Array.from(rows, (row) => labels[row] as number));
  writeLabels(folder, { classCount: classes.length, train: train ?? [], test: test ?? [] });
  return {
    rows: split.train.length,
    testRows: split.test.length,
    dims: matrix.columnCount,
    classes: classes.length,
    source: features,
  };
}

function measure(folder: string, chosen: BenchCase, threads: number, python: string | undefined, quiet: boolean): Line {
  if (!quiet) console.error(`${chosen.name} …`);
  const script = (name: string): string => fileURLToPath(new URL(`classify/${name}`, import.meta.url));
  const tsx = import.meta.resolve('tsx');
  const ours = runSide(process.execPath, [
    '--import',
    tsx,
    script('ours.ts'),
    folder,
    JSON.stringify(chosen),
    String(threads),
  ]);
  const { name, estimator, target } = chosen;
  if (python === undefined) return { name, estimator, target, ours: figures(ours) };
  const reference = runSide(python, [script('reference.py'), folder, estimator, String(threads)]);
  const same = ours.predictions.filter((label, row) => label === reference.predictions[row]).length;
  return {
    name,
    estimator,
    target,
    ours: figures(ours),
    reference: figures(reference),
    timesAsFast: seconds(reference) / seconds(ours),
    samePredictions: same / ours.predictions.length,
  };
}

function figures({ predictions: _predictions, ...rest }: Measured): Figures {
  return rest;
}

function seconds({ fitSeconds, scoreSeconds }: Figures): number {
  return fitSeconds + scoreSeconds;
}

function runSide(command: string, args: readonly string[]): Measured {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'inherit'] });
  const last = done.stdout?.trim().split('\n').at(-1) ?? '';
  if (done.status !== 0 || last === '')
    throw new Error(`${command} ${args[0]} ended with ${done.status ?? done.signal}`);
  return JSON.parse(last);
}

/** Debian's own python3 has scikit-learn even where another one comes first on the path. */
function findPython(): string | undefined {
  return ['python3', '/usr/bin/python3'].find(
    (python) => spawnSync(python, ['-c', 'import sklearn'], { stdio: 'ignore' }).status === 0,
  );
}

function whole(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw usageError(option, text, 'a whole number from 1');
  return value;
}

function printTable(lines: readonly Line[], { rows, testRows, dims, classes, source }: DataShape): void {
  console.log(
    `${rows} + ${testRows} rows x ${dims}, ${classes} classes (${source}); seconds of fit + score, peak memory`,
  );
  const cells = lines.map(({ name, ours, reference, timesAsFast, target, samePredictions }) => [
    name,
    reference === undefined ? '' : describe(reference),
    describe(ours),
    timesAsFast === undefined ? '' : `${timesAsFast.toFixed(1)}x (target ${target}x)`,
    samePredictions === undefined ? '' : `${(100 * samePredictions).toFixed(2)} %`,
    ours.objective === undefined
      ? ''
      : `${ours.objective.toPrecision(7)}${reference?.objective === undefined ? '' : ` / ${reference.objective.toPrecision(7)}`}`,
  ]);
  const head = [
    'head',
    lines.find(({ reference }) => reference)?.reference?.version ?? '',
    'featuretap',
    'times as fast',
  ];
  const table = [[...head, 'same predictions', 'objective'], ...cells];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of table) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}

function describe({ fitSeconds, scoreSeconds, accuracy, peakBytes, converged }: Figures): string {
  const memory = `${(peakBytes / 2 ** 20).toFixed(0)} MiB`;
  const time = `${fitSeconds.toFixed(1)} + ${scoreSeconds.toFixed(1)} s`;
  return `${time}, ${accuracy.toFixed(4)}, ${memory}${converged ? '' : ', not converged'}`;
}

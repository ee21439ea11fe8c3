import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { usageError } from '../../src/system/errors.ts';
import { drawData, splitData } from './classify/bench-data.ts';
import { benchCases } from './classify/cases.ts';
import { measureGrowth } from './classify/growth.ts';
import { measureLine } from './classify/measure.ts';
import { printGrowth, printTable } from './classify/print.ts';
import { aboutRun } from './document.ts';
import { findPeer, tellPeer } from './peers/python.ts';

const usage = `npm run bench -- classify [options]: our heads beside scikit-learn's, on the same files, in one run
  --rows N          training rows to draw (default 9199)
  --test-rows N     test rows to draw (default 1023)
  --dims N          features per row (default 2048)
  --classes N       (default 120)
  --seed N          of the drawn features (default 0)
  --features PATH   instead of drawing: a feature set, or X.npy; a fifth of the rows, stratified, is the test
  --labels FILE     with X.npy: y.npy or a CSV
  --heads A,B       lines of the table whose names hold one of the words (default: all but the sweep of all rows and steps, which take minutes)
  --threads T       of either side (default: the machine's cores)
  --no-reference    ours alone
  --growth          ours alone, at a quarter, a half and all of the rows, the features and the classes
  --out FILE        the figures as JSON (default bench/classify.json; with --growth bench/classify-growth.json)
  --json            print the JSON, not the table`;

/** Fits every head of the table in a new process, and its scikit-learn counterpart where a Python has it. */
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
      growth: { type: 'boolean', default: false },
      out: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const words = values.heads?.split(',');
  const cases = benchCases.filter(({ name, onRequest }) => words?.some((word) => name.includes(word)) ?? !onRequest);
  if (cases.length === 0) throw usageError('--heads', `${words}`, benchCases.map(({ name }) => name).join(' | '));
  const threads = whole(values.threads, '--threads');
  const tell = (what: string): void => {
    if (!values.json) console.error(what);
  };
  const drawn = {
    rows: whole(values.rows, '--rows'),
    testRows: whole(values['test-rows'], '--test-rows'),
    dims: whole(values.dims, '--dims'),
    classes: whole(values.classes, '--classes'),
    seed: Number(values.seed),
  };
  const about = {
    ...aboutRun('classify', args),
    threads,
  };
  if (values.growth) {
    if (values.features !== undefined) throw usageError('--growth', '--features', 'rows that are drawn');
    const growth = measureGrowth(
      cases.filter(({ rows }) => rows === undefined),
      drawn,
      threads,
      tell,
    );
    keep(values.out ?? 'bench/classify-growth.json', { ...about, data: drawn, growth }, values.json);
    if (!values.json) printGrowth(growth);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'featuretap-bench-'));
  try {
    const shape =
      values.features === undefined ? drawData(folder, drawn) : await splitData(folder, values.features, values.labels);
    const peer = values['no-reference'] ? undefined : findPeer('sklearn');
    if (!values['no-reference']) tellPeer(peer, 'scikit-learn');
    const lines = cases.map((chosen) => {
      tell(`${chosen.name} …`);
      return measureLine(folder, chosen, threads, peer?.python);
    });
    keep(values.out ?? 'bench/classify.json', { ...about, data: shape, lines }, values.json);
    if (!values.json) printTable(lines, shape);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function keep(path: string, result: unknown, print: boolean): void {
  mkdirSync(dirname(path), { recursive: true });
  const text = JSON.stringify(result, null, 2);
  writeFileSync(path, `${text}\n`);
  if (print) console.log(text);
}

function whole(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw usageError(option, text, 'a whole number from 1');
  return value;
}

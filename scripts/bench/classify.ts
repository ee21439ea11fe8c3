import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { usageError } from '../../src/system/errors.ts';
import { drawData, splitData } from './classify/bench-data.ts';
import { benchCases } from './classify/cases.ts';
import { measureGrowth } from './classify/growth.ts';
import { measureLine } from './classify/measure.ts';
import { printGrowth, printTable } from './classify/print.ts';
import { findPeer, reportPeer } from './peers/python.ts';
import { aboutRun, writeDocument } from './shared/document.ts';
import { benchOptions, wholeNumber } from './shared/options.ts';

const purpose = `Compares the heads with scikit-learn's, on the same files, in one run.`;

/** Fits every head of the table in a new process, and its scikit-learn counterpart where a Python has it. */
export async function run(args: readonly string[]): Promise<void> {
  const values = benchOptions(args, 'classify', purpose, {
    rows: ['training rows to draw', 'N', '9199'],
    'test-rows': ['test rows to draw', 'N', '1023'],
    dims: ['features per row', 'N', '2048'],
    classes: ['number of classes', 'N', '120'],
    seed: ['of the random features', 'N', '0'],
    features: ['instead of random rows: a feature set or X.npy, a stratified fifth of it as the test', 'PATH'],
    labels: ['with X.npy: y.npy or a CSV', 'FILE'],
    heads: ['lines whose names contain one of the words (default: all except the slowest, which take minutes)', 'A,B'],
    threads: ['of both sides', 'T', String(availableParallelism())],
    'no-reference': ['without scikit-learn'],
    growth: ['without scikit-learn, at a quarter, a half and all of the rows, the features and the classes'],
    out: ['write the results as JSON (default bench/classify.json; with --growth bench/classify-growth.json)', 'FILE'],
    json: ['print the JSON instead of the table'],
  });
  if (values === undefined) return;
  const words = values.heads?.split(',');
  const cases = benchCases.filter(({ name, onRequest }) => words?.some((word) => name.includes(word)) ?? !onRequest);
  if (cases.length === 0) throw usageError('--heads', `${words}`, benchCases.map(({ name }) => name).join(' | '));
  const threads = wholeNumber('--threads', values.threads);
  const tell = (what: string): void => {
    if (!values.json) console.error(what);
  };
  const drawn = {
    rows: wholeNumber('--rows', values.rows),
    testRows: wholeNumber('--test-rows', values['test-rows']),
    dims: wholeNumber('--dims', values.dims),
    classes: wholeNumber('--classes', values.classes),
    seed: Number(values.seed),
  };
  const about = { ...aboutRun('classify', args), threads };
  if (values.growth) {
    if (values.features !== undefined) throw usageError('--growth', '--features', 'random rows');
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
    if (!values['no-reference']) reportPeer(peer, 'scikit-learn');
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

function keep(path: string, result: object, print: boolean): void {
  writeDocument(path, result);
  if (print) console.log(JSON.stringify(result, null, 2));
}

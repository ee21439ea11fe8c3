import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '../../src/classify/result/report.ts';
import { formatBytes } from '../../src/system/durable.ts';
import { usageError } from '../../src/system/errors.ts';
import { parseBytes } from '../../src/system/options.ts';
import { aboutRun, writeDocument } from './shared/document.ts';
import { benchOptions, wholeNumber } from './shared/options.ts';
import { runChild } from './stream/run-child.ts';

const purpose = `Compares the linear head with --stream and in memory, on the same random set.`;

interface Line {
  /** `in memory`, or the memory limit. */
  readonly mode: string;
  readonly budgetBytes?: number;
  readonly fitSeconds: number;
  /** The whole run: opening, checking, fit and score. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Beyond an idle process with the same code loaded. */
  readonly peakBytes: number;
  /** L-BFGS: of the training rows; Adam: the last epoch's training loss. */
  readonly objective: number;
  readonly accuracy: number;
  readonly iterations: number;
}

/** Each run is a new process; the first one, on 40 rows, measures the idle program. */
export async function run(args: readonly string[]): Promise<void> {
  const values = benchOptions(args, 'stream', purpose, {
    rows: ['number of rows', 'N', '25600'],
    dims: ['features per row', 'N', '2048'],
    classes: ['number of classes', 'N', '10'],
    dtype: ['of the shards: float32 | float16', 'T', 'float32'],
    memory: ['memory limits of --stream', 'A,B', '64MB,128MB,512MB'],
    optimizer: ['lbfgs | adam', 'O', 'lbfgs'],
    iterations: ['steps of L-BFGS, or epochs of Adam (default 20, or 3)', 'N'],
    threads: ['of each run', 'T', String(availableParallelism())],
    out: ['write the results as JSON', 'FILE', 'bench/stream.json'],
    json: ['print the JSON instead of the table'],
  });
  if (values === undefined) return;
  const { optimizer, dtype } = values;
  if (optimizer !== 'lbfgs' && optimizer !== 'adam') throw usageError('--optimizer', optimizer, 'lbfgs | adam');
  if (dtype !== 'float32' && dtype !== 'float16') throw usageError('--dtype', dtype, 'float32 | float16');
  const [rows, dims, classes] = [
    wholeNumber('--rows', values.rows),
    wholeNumber('--dims', values.dims),
    wholeNumber('--classes', values.classes),
  ];
  const set = { rows, dims, classes, dtype };
  const iterations = wholeNumber('--iterations', values.iterations ?? (optimizer === 'lbfgs' ? '20' : '3'));
  const budgets = values.memory.split(',').map((memory) => ({ memory, size: parseBytes(memory, '--memory') }));
  const folder = mkdtempSync(join(tmpdir(), 'featuretap-bench-'));
  try {
    const steps = [optimizer === 'lbfgs' ? '--max-iterations' : '--epochs', String(iterations)];
    const command = ['run', 'classify', '--model', 'linear', '--optimizer', optimizer, ...steps];
    // One fit, without the fits of a calibration.
    const common = [...command, '--calibrate', 'none', '--threads', values.threads, '--quiet'];
    runChild(['draw', join(folder, 'idle'), JSON.stringify({ rows: 40, dims: 4, classes: 2, dtype })]);
    const idle = runChild([...common, '--features', join(folder, 'idle'), '--out', join(folder, 'idle-out')]);
    runChild(['draw', join(folder, 'drawn'), JSON.stringify(set)]);
    const measure = (mode: string, more: readonly string[], budgetBytes?: number): Line => {
      const out = join(folder, `out-${mode.replaceAll(' ', '-')}`);
      const figures = runChild([...common, '--features', join(folder, 'drawn'), '--out', out, ...more]);
      const report = readOnlyReport(join(out, 'drawn'));
      return {
        mode,
        ...(budgetBytes === undefined ? {} : { budgetBytes }),
        fitSeconds: report.fitSeconds,
        seconds: figures.seconds,
        cpuSeconds: figures.cpuSeconds,
        peakBytes: figures.peakBytes - idle.peakBytes,
        objective: objectiveOf(report),
        accuracy: report.accuracy,
        iterations: report.perRepeat[0]?.iterations ?? 0,
      };
    };
    const lines = [
      measure('in memory', []),
      ...budgets.map(({ memory, size }) => measure(memory, ['--stream', '--memory', memory], size)),
    ];
    const result = {
      ...aboutRun('stream', args),
      threads: Number(values.threads),
      optimizer,
      data: { ...set, featureBytes: (dtype === 'float16' ? 2 : 4) * set.rows * set.dims },
      idleBytes: idle.peakBytes,
      lines,
    };
    writeDocument(values.out, result);
    if (values.json) console.log(JSON.stringify(result, null, 2));
    else print(lines, result.data.featureBytes);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readOnlyReport(folder: string): Report {
  const [name = ''] = readdirSync(folder);
  return JSON.parse(readFileSync(join(folder, name, 'report.json'), 'utf8')) as Report;
}

function objectiveOf({ details }: Report): number {
  if (typeof details['objective'] === 'number') return details['objective'];
  return (details['epochs'] as readonly { readonly trainLoss: number }[]).at(-1)?.trainLoss ?? Number.NaN;
}

function print(lines: readonly Line[], featureBytes: number): void {
  console.log(`${formatBytes(featureBytes)} of features on disk; peak memory beyond the idle process`);
  const cells = lines.map((line) => [
    line.mode,
    line.fitSeconds.toFixed(1),
    line.cpuSeconds.toFixed(1),
    formatBytes(Math.max(0, line.peakBytes)),
    line.objective.toPrecision(7),
    line.accuracy.toFixed(4),
    String(line.iterations),
  ]);
  const table = [['mode', 'fit s', 'cpu s', 'peak', 'objective', 'accuracy', 'steps'], ...cells];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of table) console.log(row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '));
}

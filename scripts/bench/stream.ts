import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Report } from '../../src/classify/result/report.ts';
import { formatBytes } from '../../src/system/durable.ts';
import { usageError } from '../../src/system/errors.ts';
import { parseBytes } from '../../src/system/options.ts';
import { aboutRun, writeDocument } from './document.ts';
import { runChild } from './stream/run-child.ts';

const usage = `npm run bench -- stream [options]: the linear head by stream and in memory, on the same drawn set
  --rows N          (default 25600)
  --dims N          features per row (default 2048)
  --classes N       (default 10)
  --dtype T         of the shards: float32 | float16 (default float32)
  --memory A,B      budgets to stream within (default 64MB,128MB,512MB)
  --optimizer O     lbfgs | adam (default lbfgs)
  --iterations N    steps of L-BFGS, or epochs of Adam (default 20, or 3)
  --threads T       (default: the machine's cores)
  --out FILE        the figures as JSON (default bench/stream.json)
  --json            print the JSON, not the table`;

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
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '25600' },
      dims: { type: 'string', default: '2048' },
      classes: { type: 'string', default: '10' },
      dtype: { type: 'string', default: 'float32' },
      memory: { type: 'string', default: '64MB,128MB,512MB' },
      optimizer: { type: 'string', default: 'lbfgs' },
      iterations: { type: 'string' },
      threads: { type: 'string', default: String(availableParallelism()) },
      out: { type: 'string', default: 'bench/stream.json' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const { optimizer, dtype } = values;
  if (optimizer !== 'lbfgs' && optimizer !== 'adam') throw usageError('--optimizer', optimizer, 'lbfgs | adam');
  if (dtype !== 'float32' && dtype !== 'float16') throw usageError('--dtype', dtype, 'float32 | float16');
  const [rows, dims, classes] = [
    whole(values.rows, '--rows'),
    whole(values.dims, '--dims'),
    whole(values.classes, '--classes'),
  ];
  const set = { rows, dims, classes, dtype };
  const iterations = whole(values.iterations ?? (optimizer === 'lbfgs' ? '20' : '3'), '--iterations');
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

function whole(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw usageError(option, text, 'a whole number from 1');
  return value;
}

function print(lines: readonly Line[], featureBytes: number): void {
  console.log(`${formatBytes(featureBytes)} of features on the disk; peak memory beyond the idle process`);
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

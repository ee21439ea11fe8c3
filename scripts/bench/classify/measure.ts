import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { peerEnvironment } from '../peers/python.ts';
import type { BenchCase, Measured } from './cases.ts';

export type Figures = Omit<Measured, 'predictions'>;

/** One line of the table. */
export interface Line {
  readonly name: string;
  readonly estimator: string;
  readonly target: number;
  readonly ours: Figures;
  readonly reference?: Figures;
  /** Seconds of scikit-learn's fit and score divided by ours. */
  readonly timesAsFast?: number;
  /** Per evaluation of the same objective, where both sides count them, since steps may differ in progress. */
  readonly timesAsFastPerEvaluation?: number;
  /** Versions of both sides. */
  readonly ratioOf?: string;
  /** Ratio of processor times. */
  readonly timesLessProcessor?: number;
  /** Share of the test rows with the same prediction. */
  readonly samePredictions?: number;
}

/**
 * Fits and scores one head on the files in the folder, and its scikit-learn counterpart, each in a new process.
 *
 * @param python undefined: without the counterpart
 */
export function measureLine(folder: string, chosen: BenchCase, threads: number, python: string | undefined): Line {
  const { predictions, ...ours } = runOurs(folder, chosen, threads);
  const { name, estimator, target } = chosen;
  if (python === undefined) return { name, estimator, target, ours };
  const script = fileURLToPath(new URL('reference.py', import.meta.url));
  const { predictions: expected, ...reference } = runSide(python, [
    script,
    folder,
    estimator,
    String(threads),
    ...(chosen.rows === undefined ? [] : [String(chosen.rows)]),
  ]);
  const same = predictions.filter((label, row) => label === expected[row]).length;
  return {
    name,
    estimator,
    target,
    ours,
    reference,
    timesAsFast: seconds(reference) / seconds(ours),
    ratioOf: `${reference.version} over ${ours.version}`,
    ...perEvaluation(ours, reference),
    timesLessProcessor: reference.processorSeconds / ours.processorSeconds,
    samePredictions: same / predictions.length,
  };
}

function perEvaluation(ours: Figures, reference: Figures): Pick<Line, 'timesAsFastPerEvaluation'> {
  if (ours.evaluations === undefined || reference.evaluations === undefined) return {};
  const [own, other] = [ours.fitSeconds / ours.evaluations, reference.fitSeconds / reference.evaluations];
  return { timesAsFastPerEvaluation: other / own };
}

export function runOurs(folder: string, chosen: BenchCase, threads: number): Measured {
  const script = fileURLToPath(new URL('ours.ts', import.meta.url));
  const tsx = import.meta.resolve('tsx');
  return runSide(process.execPath, ['--import', tsx, script, folder, JSON.stringify(chosen), String(threads)]);
}

function seconds({ fitSeconds, scoreSeconds }: Figures): number {
  return fitSeconds + scoreSeconds;
}

function runSide(command: string, args: readonly string[]): Measured {
  const done = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: peerEnvironment,
  });
  const last = done.stdout?.trim().split('\n').at(-1) ?? '';
  if (done.status !== 0 || last === '') {
    throw new Error(`${command} ${args[0]} ended with ${done.status ?? done.signal}`);
  }
  return JSON.parse(last);
}

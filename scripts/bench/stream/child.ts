import { runCli } from '../../../src/cli/run.ts';
import type { DrawnSet } from './draw-set.ts';
import { drawSet } from './draw-set.ts';

/**
 * A step in a process of its own, whose memory nothing else has touched: `draw FOLDER {"rows":…}`, or `run` and the
 * arguments of the command line. What it took goes to stderr, last.
 */
export interface ChildFigures {
  /** Largest resident set from start to end. */
  readonly peakBytes: number;
  readonly seconds: number;
  /** Processor time of all threads. */
  readonly cpuSeconds: number;
}

const [step = '', ...args] = process.argv.slice(2);
const started = performance.now();
const cpuBefore = process.cpuUsage();
if (step === 'draw') await drawSet(args[0] ?? '', JSON.parse(args[1] ?? '{}') as DrawnSet);
else process.exitCode = await runCli(args);
const { user, system } = process.cpuUsage(cpuBefore);
const figures: ChildFigures = {
  peakBytes: process.resourceUsage().maxRSS * 1024,
  seconds: (performance.now() - started) / 1000,
  cpuSeconds: (user + system) / 1e6,
};
process.stderr.write(`\n${JSON.stringify(figures)}\n`);

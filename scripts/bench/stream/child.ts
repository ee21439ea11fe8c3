import { runCli } from '../../../src/cli/run.ts';
import type { DrawnSet } from '../shared/draw-set.ts';
import { drawSet } from '../shared/draw-set.ts';

/**
 * One step in a new process with unused memory: `draw FOLDER {"rows":…}`, or `run` and command-line arguments. Prints
 * its measurements as the last line of stderr.
 */
export interface ChildFigures {
  /** Peak resident memory. */
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

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installSlurm, localSlurmProblem } from './local-slurm.ts';
import { runOnSlurm } from './slurm-run.ts';

/** npm run slurm: an extraction on a real Slurm, disturbed in three ways, gives the set of a single run. */

if (process.platform === 'linux' && process.getuid?.() === 0) installSlurm();
const reason = localSlurmProblem();
if (reason !== undefined) {
  console.error(`no Slurm can be started here: ${reason}`);
  process.exit(1);
}
const folder = await mkdtemp(join(tmpdir(), 'featuretap-slurm-'));
const started = performance.now();
const say = (line: string): void => {
  console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
};
try {
  await runOnSlurm(folder, say);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

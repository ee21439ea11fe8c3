import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { partFolder, readPartFolder } from '../../src/cluster/records/layout.ts';
import { listIfThere, nodeFiles } from '../../src/system/files.ts';
import { drawPhotos } from '../demo/draw.ts';
import { writeTinyWeights } from '../torture/tiny-weights.ts';
import { type LocalSlurm, run, startLocalSlurm, until } from './local-slurm.ts';
import { sameSet } from './same-set.ts';

/** Result of an extraction on a real Slurm. */
interface SlurmRun {
  readonly images: number;
  readonly tasks: number;
  /** Parts whose worker was killed, that were requeued, and that were cancelled, while they were running. */
  readonly killed: number;
  readonly requeued: number;
  readonly cancelled: number;
  /** Images of the merged set, which equals that of a single machine. */
  readonly merged: number;
}

const program = fileURLToPath(new URL('../featuretap.cjs', import.meta.url));
const taskCount = 5;
const [classCount, perClass] = [10, 10];
/** Names with special characters of the shell and sbatch. */
const dataName = `drawn "photos", 50% of Zoë's`;
const network = ['--device', 'cpu', '--batch', '1'];

/**
 * Runs `plan --on slurm --submit` on a local Slurm: 5 tasks on two nodes, of which one loses its worker to SIGKILL, one
 * is requeued by `scontrol requeue` and one is cancelled, each while it is running. The merge must name the missing
 * part; after this part is submitted again, the merged set must equal that of a single run: the same rows by id to the
 * bit, and index, labels and outcomes in the same order.
 *
 * @throws Error that describes the difference
 */
export async function runOnSlurm(folder: string, say: (line: string) => void): Promise<SlurmRun> {
  const images = classCount * perClass;
  say(`drawing ${images} photos`);
  await drawPhotos({ folder: join(folder, dataName), classCount, perClass, seed: 0 });
  const weights = join(folder, 'resnet-tiny.safetensors');
  await writeTinyWeights(weights);
  const asked = ['--data', join(folder, dataName), '--name', 'set', '--weights', weights, ...network];
  say('a single run, for comparison');
  await featuretap(['extract', ...asked, '--cache', join(folder, 'single'), '--threads', '1']);
  say('starting munged, slurmctld and two slurmd');
  const slurm = await startLocalSlurm();
  try {
    return { images, tasks: taskCount, ...(await runParts(folder, asked, slurm, say)) };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${logsOf(join(folder, 'plan', 'logs'))}`, { cause: error });
  } finally {
    await slurm.stop();
  }
}

async function runParts(
  folder: string,
  asked: readonly string[],
  slurm: LocalSlurm,
  say: (line: string) => void,
): Promise<Pick<SlurmRun, 'killed' | 'requeued' | 'cancelled' | 'merged'>> {
  // The folder that a killed task leaves is removed with the rest.
  const environment = { ...slurm.environment, TMPDIR: folder };
  const [cache, plan] = [join(folder, 'features'), join(folder, 'plan')];
  const set = join(cache, 'set');
  // Every image is a checkpoint: rows computed before a task ends must not be computed again.
  const parts = ['--on', 'slurm', '--tasks', String(taskCount), '--cpus', '1', '--checkpoint', '0', '--out', plan];
  const planned = await featuretap(['plan', ...asked, '--cache', cache, ...parts, '--submit', '--json'], environment);
  const { submitted, rateSource } = JSON.parse(planned) as { submitted: SubmittedJobs; rateSource: string };
  say(`array job ${submitted.extract}, merge job ${submitted.merge}; sized by the speed ${rateSource}`);

  const task = (part: number): string => `${submitted.extract}_${part}`;
  const killed = await disturbRunningPart(set, [], (pid) => process.kill(pid, 'SIGKILL'));
  say(`part ${killed}: worker killed`);
  const requeued = await disturbRunningPart(set, [killed], (pid, part) => {
    run('scontrol', ['requeue', task(part)], environment);
    process.kill(pid, 'SIGCONT');
  });
  say(`part ${requeued}: requeued`);
  const cancelled = await disturbRunningPart(set, [killed, requeued], (pid, part) => {
    run('scancel', [task(part)], environment);
    process.kill(pid, 'SIGCONT');
  });
  say(`part ${cancelled}: cancelled`);

  await jobsEnd(environment);
  for (const part of [killed, requeued]) {
    const { JobState: state, Restarts: restarts } = await jobFields(task(part), environment);
    must(state === 'COMPLETED' && restarts === '1', `part ${part} ended as ${state} after ${restarts} restarts`);
  }
  const merge = await jobFields(submitted.merge, environment);
  must(merge['JobState'] === 'FAILED', `the merge ended as ${merge['JobState']} though part ${cancelled} is missing`);
  const mergeLog = logsOf(join(plan, 'logs'), /-merge-/);
  const array = /--array=(\S+)/.exec(mergeLog)?.[1];
  must(array === String(cancelled), `the merge names --array=${array}, and part ${cancelled} is missing`);
  const status = JSON.parse(await featuretap(['status', '--name', 'set', '--cache', cache, '--json'])) as PartsDone;
  must(status.done === taskCount - 1 && status.array === array, `status says ${JSON.stringify(status)}`);
  say(`the merge names the missing part: --array=${array}; submitting it again`);

  const [extractScript, mergeScript] = [join(plan, 'extract.sbatch'), join(plan, 'merge.sbatch')];
  const again = run('sbatch', ['--parsable', `--array=${array}`, extractScript], environment).trim();
  const last = run('sbatch', ['--parsable', `--dependency=afterany:${again}`, mergeScript], environment).trim();
  await jobsEnd(environment);
  const { JobState: state } = await jobFields(last, environment);
  must(state === 'COMPLETED', `the second merge ended as ${state}`);
  const merged = await sameSet(join(folder, 'single', 'set'), set);
  say(`${merged} images with the order, rows, labels and outcomes of the single run`);
  return { killed, requeued, cancelled, merged };
}

interface SubmittedJobs {
  readonly extract: string;
  readonly merge: string;
}

interface PartsDone {
  readonly done: number;
  readonly array: string;
}

/**
 * Acts on the worker of a part that has rows on the disk and is not complete.
 *
 * @param except parts that were chosen before
 * @returns the part
 */
async function disturbRunningPart(
  set: string,
  except: readonly number[],
  act: (pid: number, part: number) => void,
): Promise<number> {
  const deadline = performance.now() + 120_000;
  while (performance.now() < deadline) {
    for (const { pid, part } of workers(set)) {
      if (except.includes(part) || !(await isUnderWay(set, part))) continue;
      try {
        process.kill(pid, 'SIGSTOP');
      } catch {
        // It has ended.
        continue;
      }
      if (await isUnderWay(set, part)) {
        act(pid, part);
        return part;
      }
      process.kill(pid, 'SIGCONT');
    }
    await sleep(20);
  }
  throw new Error('no worker was found while it was computing its part');
}

/** Processes that compute a part of this set, by their command lines. */
function workers(set: string): readonly { readonly pid: number; readonly part: number }[] {
  const cache = join(set, '..');
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    let words: readonly string[];
    try {
      words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
    } catch {
      return [];
    }
    const part = /^(\d+)\/\d+$/.exec(words[words.indexOf('--part') + 1] ?? '')?.[1];
    return part !== undefined && words.includes(cache) ? [{ pid: Number(name), part: Number(part) }] : [];
  });
}

async function isUnderWay(set: string, index: number): Promise<boolean> {
  const folder = partFolder(set, { index, count: taskCount });
  const { states, attempts } = await readPartFolder(nodeFiles, folder);
  if (states.length > 0) return false;
  for (const attempt of attempts) {
    const names = await listIfThere(nodeFiles, join(folder, attempt, '.run'));
    if (names.some((name) => name.endsWith('.npy'))) return true;
  }
  return false;
}

async function jobsEnd(environment: NodeJS.ProcessEnv): Promise<void> {
  await until('the queue is empty', () => run('squeue', ['-h', '-o', '%i'], environment).trim() === '', 600);
}

async function jobFields(job: string, environment: NodeJS.ProcessEnv): Promise<Readonly<Record<string, string>>> {
  const words = run('scontrol', ['show', 'job', '-o', job], environment).split(/\s+/);
  return Object.fromEntries(words.map((word) => word.split(/=(.*)/s).slice(0, 2)));
}

/** Runs the command line and resolves to its output. */
async function featuretap(args: readonly string[], environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const child = spawn(process.execPath, [program, ...args], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text;
    });
  }
  const code = await new Promise((resolve) => child.on('close', resolve));
  must(code === 0, `featuretap ${args[0]}: exit ${code}\n${said.stdout}${said.stderr}`);
  return said.stdout;
}

function logsOf(folder: string, wanted = /./): string {
  try {
    const names = readdirSync(folder).filter((name) => wanted.test(name));
    return names.map((name) => `--- ${name}\n${readFileSync(join(folder, name), 'utf8')}`).join('\n');
  } catch {
    return '';
  }
}

function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { cpus, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../torture/free-ports.ts';

/** A Slurm cluster on this machine: one controller and two nodes. */
export interface LocalSlurm {
  /** Environment of sbatch, squeue and the others. */
  readonly environment: NodeJS.ProcessEnv;
  /** Cancels every job, stops the daemons, and resolves when they have ended. */
  stop(): Promise<void>;
}

/** The required programs, by Debian package. */
const programs = {
  munge: '/usr/sbin/munged',
  slurmctld: '/usr/sbin/slurmctld',
  slurmd: '/usr/sbin/slurmd',
  'slurm-client': '/usr/bin/sbatch',
} as const;
const nodes = ['node1', 'node2'] as const;
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Seconds after which a requeued task may start; Slurm uses the lifetime of a credential, 120 s by default. */
const requeueSeconds = 5;

/** Why no local cluster can run here; undefined if one can. */
export function localSlurmProblem(): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'it needs root';
  const missing = Object.entries(programs).filter(([, program]) => !existsSync(program));
  return missing.length === 0 ? undefined : `not installed: ${missing.map(([name]) => name).join(', ')}`;
}

/** Installs missing Debian packages, without starting their services; needs root. */
export function installSlurm(): void {
  if (Object.values(programs).every((program) => existsSync(program))) return;
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  run('apt-get', ['update', '-qq'], environment);
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'slurm-wlm', 'munge'], environment);
}

/**
 * Starts munged, slurmctld and two slurmd with their own folder and ports, so that another Slurm on this machine is not
 * affected. Needs root. The daemons end with this process, however it ends.
 */
export async function startLocalSlurm(): Promise<LocalSlurm> {
  // Not in the caller's folder: munged's user must have access, and a socket's path must be short.
  const folder = mkdtempSync(join(tmpdir(), 'slurm-'));
  const path = (...parts: readonly string[]): string => join(folder, ...parts);
  for (const name of ['state', 'log', 'munge', ...nodes]) mkdirSync(path(name), { recursive: true });
  const socket = path('munge', 'socket');
  const configuration = path('slurm.conf');
  writeFileSync(configuration, slurmConfiguration(folder, socket, await freePorts(3)));
  const environment = { ...process.env, SLURM_CONF: configuration };
  const daemons: ChildProcess[] = [];
  const start = (args: readonly string[]): void => {
    const log = openSync(path('log', `daemon-${daemons.length}`), 'a');
    // The kernel kills a daemon whose parent is gone.
    daemons.push(spawn('setpriv', ['--pdeathsig', 'TERM', ...args], { env: environment, stdio: ['ignore', log, log] }));
    closeSync(log);
  };
  const endNow = (): void => {
    if (daemons.length > 1) spawnSync('scancel', ['--full', '-u', 'root'], { env: environment, timeout: 5000 });
    for (const daemon of daemons) daemon.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  };
  // process.exit() runs endNow.
  const leave = (): void => process.exit(130);
  process.on('exit', endNow);
  for (const signal of endings) process.on(signal, leave);
  const stop = async (): Promise<void> => {
    process.off('exit', endNow);
    for (const signal of endings) process.off(signal, leave);
    await emptyQueue(environment);
    await Promise.all(daemons.reverse().map(end));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    startMunge(folder, socket, start);
    await until('munged answers', () => existsSync(socket));
    start([programs.slurmctld, '-D', '-f', configuration]);
    for (const node of nodes) start([programs.slurmd, '-D', '-N', node, '-f', configuration]);
    await until('both nodes are idle', () => {
      const { stdout } = spawnSync('sinfo', ['-h', '-N', '-o', '%T'], { env: environment, encoding: 'utf8' });
      return stdout.split('\n').filter((state) => state === 'idle').length === nodes.length;
    });
  } catch (error) {
    const logs = readdirSync(path('log')).map((name) => `--- ${name}\n${readFileSync(path('log', name), 'utf8')}`);
    await stop();
    throw new Error([(error as Error).message, ...logs].join('\n'), { cause: error });
  }
  return { environment, stop };
}

/** munged requires its own user, and folders that others cannot write to. */
function startMunge(folder: string, socket: string, start: (args: readonly string[]) => void): void {
  const munge = (name: string): string => join(folder, 'munge', name);
  writeFileSync(munge('key'), randomBytes(1024), { mode: 0o400 });
  run('chown', ['-R', 'munge:munge', join(folder, 'munge')]);
  run('chmod', ['755', folder, join(folder, 'munge')]);
  const files = ['key', 'log', 'pid', 'seed'].map((name) => `--${name}-file=${munge(name)}`);
  const user = ['--reuid', 'munge', '--regid', 'munge', '--clear-groups'];
  start([...user, programs.munge, '--foreground', `--socket=${socket}`, ...files]);
}

function slurmConfiguration(folder: string, socket: string, ports: readonly number[]): string {
  const host = hostname().split('.')[0] ?? 'localhost';
  const [controller, first, second] = ports;
  const cores = Math.max(1, Math.floor(cpus().length / nodes.length));
  return [
    'ClusterName=local',
    `SlurmctldHost=${host}(127.0.0.1)`,
    `SlurmctldPort=${controller}`,
    'SlurmUser=root',
    'SlurmdUser=root',
    'AuthType=auth/munge',
    `AuthInfo=socket=${socket},cred_expire=${requeueSeconds}`,
    'CredType=cred/munge',
    `StateSaveLocation=${join(folder, 'state')}`,
    `SlurmdSpoolDir=${folder}/%n`,
    `SlurmctldPidFile=${join(folder, 'slurmctld.pid')}`,
    `SlurmdPidFile=${folder}/%n.pid`,
    `SlurmctldLogFile=${join(folder, 'log', 'slurmctld')}`,
    `SlurmdLogFile=${folder}/log/%n`,
    'ProctrackType=proctrack/pgid',
    'TaskPlugin=task/none',
    'SwitchType=switch/none',
    'MpiDefault=none',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_Core',
    'JobAcctGatherType=jobacct_gather/none',
    'ReturnToService=2',
    'KillWait=5',
    // The nodes have the size declared here, whatever the machine has: the jobs are small.
    'SlurmdParameters=config_overrides',
    'MinJobAge=3600',
    // Jobs start as soon as they may, not at the next minute.
    'SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0',
    `NodeName=node1 NodeHostname=${host} NodeAddr=127.0.0.1 Port=${first} CPUs=${cores} RealMemory=8000`,
    `NodeName=node2 NodeHostname=${host} NodeAddr=127.0.0.1 Port=${second} CPUs=${cores} RealMemory=8000`,
    'PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP',
    '',
  ].join('\n');
}

/** Jobs that outlive their node's daemon would continue. */
async function emptyQueue(environment: NodeJS.ProcessEnv): Promise<void> {
  const jobs = (): string =>
    spawnSync('squeue', ['-h', '-o', '%i'], { env: environment, encoding: 'utf8', timeout: 5000 }).stdout ?? '';
  if (jobs().trim() === '') return;
  spawnSync('scancel', ['--full', '-u', 'root'], { env: environment, timeout: 5000 });
  await until('the queue is empty', () => jobs().trim() === '', 30).catch(() => undefined);
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null || daemon.pid === undefined) return;
  const ended = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGTERM');
  const late = setTimeout(() => daemon.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(late);
}

/** Waits until a condition holds, checking ten times a second. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, seconds = 120): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`timeout after ${seconds} s: ${what}`);
    await sleep(100);
  }
}

/** Runs a program and returns its output; throws its error message if it fails. */
export function run(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = process.env): string {
  const done = spawnSync(program, args, { encoding: 'utf8', env: environment });
  if (done.status === 0) return done.stdout;
  const said = done.error?.message ?? `exit ${done.status}\n${done.stdout}${done.stderr}`;
  throw new Error(`${program} ${args.join(' ')}: ${said}`);
}

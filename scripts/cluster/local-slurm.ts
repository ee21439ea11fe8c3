import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, hostname } from 'node:os';
import { join } from 'node:path';

/** A Slurm cluster on this machine alone: one controller and two nodes of one core each. */
export interface LocalSlurm {
  /** Environment of sbatch, squeue and the others. */
  readonly environment: NodeJS.ProcessEnv;
  readonly nodes: readonly string[];
  stop(): void;
}

const nodes = ['node1', 'node2'] as const;

/** What the local cluster needs, by the Debian package that brings it. */
const programs = { munge: '/usr/sbin/munged', slurmctld: '/usr/sbin/slurmctld', slurmd: '/usr/sbin/slurmd' } as const;

/** Debian packages that are not installed yet. */
export function missingPackages(): readonly string[] {
  return Object.entries(programs).flatMap(([name, program]) => (existsSync(program) ? [] : [name]));
}

/** Installs Debian's slurm-wlm and munge; needs root. The services of the packages are not started. */
export function installSlurm(): void {
  run('apt-get', ['update', '-qq']);
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'slurm-wlm', 'slurmctld', 'slurmd', 'munge'], {
    ...process.env,
    DEBIAN_FRONTEND: 'noninteractive',
  });
}

/**
 * Starts munged, slurmctld and two slurmd with all their state below `folder`. Needs root.
 * A task that is killed (exit status 137) goes back into the queue, as sites set with RequeueExit.
 */
export function startLocalSlurm(folder: string): LocalSlurm {
  const path = (...parts: readonly string[]): string => join(folder, ...parts);
  for (const name of ['state', 'log', 'munge', ...nodes]) mkdirSync(path(name), { recursive: true });
  const munge = (name: string): string => path('munge', name);
  writeFileSync(munge('key'), randomBytes(1024), { mode: 0o400 });
  mkdirSync('/run/munge', { recursive: true });
  run('chown', ['-R', 'munge:munge', path('munge'), '/run/munge']);
  run('chmod', ['755', folder]);
  run('chmod', ['700', path('munge')]);
  const files = ['key', 'log', 'pid', 'seed'].map((name) => `--${name}-file=${munge(name)}`);
  run('runuser', ['-u', 'munge', '--', programs.munge, '--force', ...files]);

  const host = hostname().split('.')[0] ?? 'localhost';
  const configuration = path('slurm.conf');
  writeFileSync(
    configuration,
    [
      'ClusterName=local',
      `SlurmctldHost=${host}`,
      'SlurmUser=root',
      'SlurmdUser=root',
      'AuthType=auth/munge',
      `StateSaveLocation=${path('state')}`,
      `SlurmdSpoolDir=${folder}/%n`,
      `SlurmctldPidFile=${path('slurmctld.pid')}`,
      `SlurmdPidFile=${folder}/%n.pid`,
      `SlurmctldLogFile=${path('log', 'slurmctld')}`,
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
      'MinJobAge=3600',
      // A requeued task waits two minutes by default: here the batch is short.
      'SchedulerParameters=requeue_delay=2',
      `NodeName=node[1-2] NodeHostname=${host} Port=[17001-17002] CPUs=${Math.max(1, Math.floor(cpus().length / 2))} RealMemory=4000`,
      'PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP',
      '',
    ].join('\n'),
  );
  const environment = { ...process.env, SLURM_CONF: configuration };
  run(programs.slurmctld, ['-f', configuration], environment);
  for (const node of nodes) run(programs.slurmd, ['-N', node, '-f', configuration], environment);
  const pids = ['slurmctld.pid', ...nodes.map((node) => `${node}.pid`), join('munge', 'pid')];
  return {
    environment,
    nodes,
    stop: () => {
      for (const file of pids) {
        if (!existsSync(path(file))) continue;
        try {
          process.kill(Number(readFileSync(path(file), 'utf8')), 'SIGTERM');
        } catch {
          // Ended already.
        }
      }
    },
  };
}

/** Runs a program to its end and resolves to what it printed; throws with its words when it fails. */
export function run(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = process.env): string {
  const done = spawnSync(program, args, { encoding: 'utf8', env: environment });
  if (done.status === 0) return done.stdout;
  throw new Error(
    `${program} ${args.join(' ')}: ${done.error?.message ?? `exit ${done.status}\n${done.stdout}${done.stderr}`}`,
  );
}

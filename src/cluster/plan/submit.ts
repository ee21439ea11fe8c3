import { spawn } from 'node:child_process';
import { UserError } from '../../system/errors.ts';

export interface Submitted {
  readonly extract: string;
  readonly merge: string;
}

/**
 * Submits the array with sbatch, and the merge after it: with `afterany`, so that it runs and lists missing parts if a
 * task failed. With `afterok` it would wait forever.
 *
 * @throws UserError if there is no sbatch, or it refuses
 */
export async function submitToSlurm(scripts: { readonly extract: string; readonly merge: string }): Promise<Submitted> {
  const extract = jobId(await runScheduler('sbatch', ['--parsable', scripts.extract], slurmHelp));
  const behind = ['--parsable', `--dependency=afterany:${extract}`, scripts.merge];
  const merge = await runScheduler('sbatch', behind, {
    ...slurmHelp,
    before: `the array is job ${extract}; only its merge was refused`,
  });
  return { extract, merge: jobId(merge) };
}

/**
 * Creates both Jobs with kubectl.
 *
 * @throws UserError if there is no kubectl, or it refuses
 */
export async function submitToKubernetes(
  yaml: string,
  names: Submitted & { readonly namespace?: string | undefined },
): Promise<Submitted> {
  // Not `apply`, which would silently do nothing if the same Jobs exist.
  const output = await runScheduler('kubectl', ['create', '-f', '-', '-o', 'name'], kubernetesHelp(names), yaml);
  const [extract, merge] = output.trim().split('\n');
  return { extract: extract ?? names.extract, merge: merge ?? names.merge };
}

interface Help {
  readonly absent: string;
  /** Fix for a refusal, by the program's message. */
  readonly refused: (said: string) => string;
  readonly before?: string;
}

const slurmHelp: Help = {
  absent: 'run this on a machine from which jobs are submitted, or leave out --submit and take the scripts there',
  refused: (said) => {
    if (/array specification/i.test(said)) {
      return 'fewer --tasks: this cluster takes as many as `scontrol show config | grep MaxArraySize` says, less one';
    }
    if (/account|partition|qos/i.test(said))
      return 'name yours: --partition NAME --account NAME (sinfo, sacctmgr show assoc)';
    return 'fix what it reports, or leave out --submit and edit the scripts';
  },
};

function kubernetesHelp({ extract, merge, namespace }: Submitted & { readonly namespace?: string | undefined }): Help {
  const where = namespace === undefined ? '' : `-n ${namespace} `;
  return {
    absent: 'install kubectl, or leave out --submit and take the YAML to a machine that has it',
    refused: (said) => {
      if (/AlreadyExists|already exists/.test(said)) {
        return `kubectl delete job ${where}${extract} ${merge}, and the same command again: parts that are complete are kept`;
      }
      if (/connection refused|no such host|couldn't get current server/i.test(said)) {
        return 'choose a cluster: kubectl config use-context NAME';
      }
      return 'fix what it reports, or leave out --submit and edit the YAML';
    },
  };
}

/** sbatch --parsable prints `12`, or `12;cluster`. */
function jobId(output: string): string {
  return output.trim().split(';')[0] ?? '';
}

async function runScheduler(program: string, args: readonly string[], help: Help, input = ''): Promise<string> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text;
    });
  }
  // A program that exits before reading everything reports why.
  child.stdin.on('error', () => undefined).end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      const absent = error.code === 'ENOENT';
      reject(
        new UserError({
          what: absent ? `there is no ${program} on this machine` : `${program} cannot be started`,
          ...(absent ? {} : { found: error.message }),
          fix: help.absent,
          cause: error,
        }),
      );
    });
    child.on('close', resolve);
  });
  if (code === 0) return said.stdout;
  const found = [help.before, said.stderr.trim() || `exit code ${code}`, said.stdout.trim()].filter(Boolean).join('; ');
  throw new UserError({
    what: `${program} rejected the job`,
    where: [program, ...args].join(' '),
    found,
    fix: help.refused(said.stderr),
  });
}

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../src/system/errors.ts';
import { peerEnvironment, peersFolder } from './peers/python.ts';
import { benchOptions } from './shared/options.ts';

const requirements = fileURLToPath(new URL('peers/requirements.txt', import.meta.url));
const purpose = `Installs the Python packages for the other benches from PyPI, outside the repository.
Versions are those of ${requirements}.`;

export async function run(args: readonly string[]): Promise<void> {
  const values = benchOptions(args, 'setup', purpose, {
    folder: [
      'virtual environment to create or update; a folder of your own goes into $FEATURETAP_BENCH_PYTHON',
      'DIR',
      peersFolder,
    ],
    python: ['Python for it, 3.11 or later', 'FILE', 'python3'],
    only: ['some packages, e.g. scikit-learn; all of them, with PyTorch, take 6 GB', 'A,B'],
  });
  if (values === undefined) return;
  const pinned = readFileSync(requirements, 'utf8')
    .split('\n')
    .filter((line) => /^[a-z]/.test(line));
  const words = values.only?.split(',');
  const unknown = words?.find((word) => !pinned.some((line) => line.startsWith(`${word}==`)));
  if (unknown !== undefined) {
    throw new UserError({ what: 'unknown package', found: unknown, expected: pinned.join(' | '), exitCode: 2 });
  }
  const chosen = pinned.filter((line) => words?.some((word) => line.startsWith(`${word}==`)) ?? true);
  const python = join(values.folder, 'bin', 'python');
  if (!existsSync(python)) must(values.python, ['-m', 'venv', values.folder]);
  must(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...chosen]);
  console.log(`${python} has ${chosen.join(', ')}`);
  if (values.folder !== peersFolder) console.log(`export FEATURETAP_BENCH_PYTHON=${python}`);
}

function must(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env: peerEnvironment });
  if (status === 0) return;
  throw new UserError({
    what: 'the Python packages could not be installed',
    where: `${command} ${args.join(' ')}`,
    found: error?.message ?? `exit code ${status}`,
    fix: "the network must reach PyPI, and python3 must have venv (Debian's python3-venv); else the benches use python3",
  });
}

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { UserError } from '../../src/system/errors.ts';
import { peerEnvironment, peersFolder } from './peers/python.ts';

const requirements = fileURLToPath(new URL('peers/requirements.txt', import.meta.url));
const usage = `npm run bench -- setup [options]: the Python that the other benches compare with, from PyPI, outside the repository
  --folder DIR     a virtual environment is made there, or brought up to date (default ${peersFolder};
                   elsewhere $FEATURETAP_BENCH_PYTHON must name its bin/python)
  --python FILE    the Python it is made of, 3.11 or later (default python3)
  --only A,B       of the packages, e.g. scikit-learn: with PyTorch they take 6 GB (default: all)
Versions are those of ${requirements}.`;

/** Installs the newest versions of the peers, pinned. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      folder: { type: 'string', default: peersFolder },
      python: { type: 'string', default: 'python3' },
      only: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const pinned = readFileSync(requirements, 'utf8')
    .split('\n')
    .filter((line) => /^[a-z]/.test(line));
  const words = values.only?.split(',');
  const unknown = words?.find((word) => !pinned.some((line) => line.startsWith(`${word}==`)));
  if (unknown !== undefined) {
    throw new UserError({ what: 'no such peer', found: unknown, expected: pinned.join(' | '), exitCode: 2 });
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
    what: 'the Python of the benches could not be set up',
    where: `${command} ${args.join(' ')}`,
    found: error?.message ?? `exit code ${status}`,
    fix: "the network must reach PyPI, and python3 must have venv (Debian's python3-venv); without it the system's python3 is compared with",
  });
}

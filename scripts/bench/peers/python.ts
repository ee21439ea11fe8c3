import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where `npm run bench -- setup` installs its Python: outside the repository, shared by all checkouts. */
export const peersFolder: string = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'featuretap',
  'bench-python',
);

interface Peer {
  readonly python: string;
  /** Its name in the output. */
  readonly who: string;
  /** Not Debian's: with the versions of the requirements file, or named by the user. */
  readonly newest: boolean;
}

/** Pythons in order of preference: a named one, the one of `setup`, the system's as a fallback. */
function peers(): readonly Peer[] {
  const named = process.env['FEATURETAP_BENCH_PYTHON'];
  const own = join(peersFolder, 'bin', 'python');
  return [
    ...(named === undefined ? [] : [{ python: named, who: '$FEATURETAP_BENCH_PYTHON', newest: true }]),
    ...(existsSync(own) ? [{ python: own, who: `npm run bench -- setup's, in ${peersFolder}`, newest: true }] : []),
    // Debian's own python3 has the packages even where another one is first on the path.
    ...['python3', '/usr/bin/python3'].map((python) => ({ python, who: `the system's ${python}`, newest: false })),
  ];
}

/** The first Python with all modules; undefined if none has them. */
export function findPeer(...modules: readonly string[]): Peer | undefined {
  return peers().find(
    ({ python }) =>
      spawnSync(python, ['-c', `import ${modules.join()}`], { stdio: 'ignore', env: peerEnvironment }).status === 0,
  );
}

/** Prints on stderr which Python is used, and how to get a newer one. */
export function reportPeer(peer: Peer | undefined, modules: string): void {
  if (peer === undefined)
    console.error(`no Python with ${modules}: featuretap alone; npm run bench -- setup installs one`);
  else if (peer.newest) console.error(`compared with ${peer.who}`);
  else console.error(`compared with ${peer.who}, a fallback: npm run bench -- setup installs the newest peers`);
}

/** A fixed processor type would keep OpenBLAS from this processor's best kernels. */
export const peerEnvironment: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('OPENBLAS_')),
);

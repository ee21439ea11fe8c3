import { AsyncLocalStorage } from 'node:async_hooks';
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { runCli } from '../../src/cli/run.ts';
import type { Session } from '../../src/cli/verb.ts';
import { projectRoot } from '../reference.ts';

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Collects the output of a run in this process, separately from that of node's test runner. */
const captured = new AsyncLocalStorage<{ stdout: string; stderr: string }>();
for (const name of ['stdout', 'stderr'] as const) {
  const stream = process[name];
  const write = stream.write;
  stream.write = ((chunk: string | Uint8Array, ...rest: never[]) => {
    const texts = captured.getStore();
    if (texts === undefined) return write.call(stream, chunk, ...rest);
    texts[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    return true;
  }) as typeof write;
}

/**
 * Runs the command line in this process, which saves the start of a new one. Use `spawnFeaturetap` for signals, exits
 * and standard input.
 */
export async function featuretap(args: readonly string[], { cwd }: { readonly cwd?: string } = {}): Promise<Ran> {
  const texts = { stdout: '', stderr: '' };
  const before = process.cwd();
  if (cwd !== undefined) process.chdir(cwd);
  try {
    const status = await captured.run(texts, () => runCli(args, () => new AbortController().signal));
    return { status, ...texts };
  } finally {
    process.chdir(before);
  }
}

/** Runs the real command line in a new process. */
export function spawnFeaturetap(
  args: readonly string[],
  options: { readonly input?: string | Uint8Array; readonly cwd?: string } = {},
): Ran {
  const script = join(projectRoot, 'scripts/featuretap.cjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', ...options });
  return { status, stdout, stderr };
}

/**
 * Runs the real command line in a new process.
 *
 * @param onStderr called with all of stderr so far; its `stop` sends Ctrl-C
 */
export function stopFeaturetap(
  args: readonly string[],
  cwd: string,
  onStderr: (text: string, stop: () => void) => void,
): Promise<Ran> {
  const child = spawn(process.execPath, [join(projectRoot, 'scripts/featuretap.cjs'), ...args], { cwd });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
    onStderr(stderr, () => child.kill('SIGINT'));
  });
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, stdout, stderr })));
}

/** A session that discards its output, for options that a verb rejects at once. */
export const quietSession: Session = {
  json: false,
  quiet: true,
  debug: false,
  signal: new AbortController().signal,
  command: 'featuretap',
  args: [],
  print: () => undefined,
  printJson: () => undefined,
  write: async () => undefined,
  note: () => undefined,
  warn: () => undefined,
};

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Session } from '../../src/cli/verb.ts';
import { projectRoot } from '../reference.ts';

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real command line to its end. */
export function featuretap(
  args: readonly string[],
  options: { readonly input?: string | Uint8Array; readonly cwd?: string } = {},
): Ran {
  const script = join(projectRoot, 'scripts/featuretap.cjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', ...options });
  return { status, stdout, stderr };
}

/** A session that prints nothing, for what a verb refuses before it starts. */
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

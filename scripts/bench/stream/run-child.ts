import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ChildFigures } from './child.ts';

const script = fileURLToPath(new URL('child.ts', import.meta.url));

/**
 * Runs one step of the bench in a new process (`child.ts`). The caller must be a small process: on Linux a child
 * inherits its parent's peak resident memory.
 *
 * @throws Error with the output of a step that fails
 */
export function runChild(args: readonly string[]): ChildFigures {
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', script, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '') as ChildFigures;
}

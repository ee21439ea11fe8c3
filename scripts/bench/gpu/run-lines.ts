import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Line } from './task.ts';

interface Ran {
  readonly lines: readonly Line[];
  /** The reason if it failed. */
  readonly reason: string | undefined;
}

/**
 * Runs a process that prints JSON lines, and kills it after the time limit, so that one that hangs does not block the
 * rest.
 */
export async function runLines(
  command: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>>,
  timeoutSeconds: number,
): Promise<Ran> {
  const [program, ...args] = command;
  const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-8000);
  });
  const lines: Line[] = [];
  createInterface({ input: child.stdout }).on('line', (text) => {
    // Libraries print to stdout too.
    if (text.startsWith('{')) lines.push(JSON.parse(text) as Line);
  });
  let gaveUp = false;
  const timer = setTimeout(() => {
    gaveUp = true;
    child.kill('SIGKILL');
  }, timeoutSeconds * 1000);
  const ending = await new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(gaveUp ? `stopped after ${timeoutSeconds} s` : errorLine(errors) || `ended by ${signal ?? code}`);
    });
  });
  clearTimeout(timer);
  return { lines, reason: ending };
}

/** The line of stderr that describes the failure. */
function errorLine(errors: string): string {
  const said = errors.split('\n').filter((line) => line.trim() !== '');
  const line = said.findLast((text) => /Error|error:|found:|FAIL/.test(text)) ?? said.at(-1) ?? '';
  return line
    .trim()
    .replace(/^\[cause\]: /, '')
    .slice(0, 500);
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { quoteArgument } from '../../../src/system/own-command.ts';

/** Head of a result: the command, the date and the machine. */
interface AboutRun {
  readonly command: string;
  readonly date: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGiB: number;
    readonly node: string;
  };
}

export function aboutRun(bench: string, args: readonly string[]): AboutRun {
  return {
    command: `npm run bench -- ${[bench, ...args].map(quoteArgument).join(' ')}`,
    date: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.version,
    },
  };
}

/** Writes results as JSON, and creates the folder if necessary. */
export function writeDocument(file: string, document: object): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { quoteArgument } from '../../src/system/own-command.ts';

/** What stands above the figures of a bench: its command, when and on which machine it ran. */
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

/** Writes the figures of a bench as JSON, into a folder that is made where it is missing. */
export function writeDocument(file: string, document: object): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
}

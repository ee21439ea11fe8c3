import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { usageError } from '../../src/system/errors.ts';
import { runFuzz } from './fuzz/run-fuzz.ts';

/**
 * npm run bench -- fuzz [--count 184000] [--seed 0] [--only .pth] [--keep FOLDER]
 *
 * Every input must be read consistently, or rejected with a UserError: no other error, no hang, no memory beyond 100
 * times the input. Prints counts per reader and the slowest input; exits with 1 if anything was found.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      count: { type: 'string', default: '184000' },
      seed: { type: 'string', default: '0' },
      only: { type: 'string' },
      keep: { type: 'string' },
    },
  });
  const count = whole('--count', values.count);
  const seed = whole('--seed', values.seed);
  const start = performance.now();
  const { counts, findings } = await runFuzz(seed, count, values.only, (done) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${count}`);
  });
  if (process.stderr.isTTY) process.stderr.write('\r');
  console.log(`reader                 accepted   refused   slowest ms`);
  for (const [name, { accepted, refused, slowestMs }] of Object.entries(counts))
    console.log(
      `${name.padEnd(21)} ${String(accepted).padStart(9)} ${String(refused).padStart(9)} ${slowestMs.toFixed(1).padStart(12)}`,
    );
  console.log(
    `${count} inputs of seed ${seed} in ${((performance.now() - start) / 1000).toFixed(0)} s, ${findings.length} findings`,
  );
  for (const { target, input, problem, bytes } of findings) {
    console.log(`\n${target}, input ${input}:\n${problem}`);
    if (values.keep === undefined) continue;
    mkdirSync(values.keep, { recursive: true });
    writeFileSync(join(values.keep, `${seed}-${input}.bin`), Buffer.from(bytes, 'base64'));
  }
  if (findings.length > 0) process.exitCode = 1;
}

function whole(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** 26)
    throw usageError(option, text, 'a whole number below 2^26');
  return value;
}

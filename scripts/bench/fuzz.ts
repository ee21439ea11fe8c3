import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runFuzz } from './fuzz/run-fuzz.ts';
import { benchOptions, wholeNumber } from './shared/options.ts';

const purpose = `Feeds mutated files to every reader. Every input must be read consistently, or rejected with a
UserError: no other error, no hang, no memory beyond 100 times the input. Prints counts per reader and the slowest
input; exits with 1 if anything was found.`;

export async function run(args: readonly string[]): Promise<void> {
  const values = benchOptions(args, 'fuzz', purpose, {
    count: ['number of inputs', 'N', '184000'],
    seed: ['of the inputs', 'N', '0'],
    only: ['readers whose names contain the word', 'WORD'],
    keep: ['write inputs with findings', 'FOLDER'],
  });
  if (values === undefined) return;
  const count = wholeNumber('--count', values.count, 0, 2 ** 26 - 1);
  const seed = wholeNumber('--seed', values.seed, 0, 2 ** 26 - 1);
  const start = performance.now();
  const { counts, findings } = await runFuzz(seed, count, values.only, (done) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${count}`);
  });
  if (process.stderr.isTTY) process.stderr.write('\r');
  console.log(`reader                 accepted  rejected   slowest ms`);
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

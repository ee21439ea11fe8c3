import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../src/system/errors.ts';
import { quoteArgument } from '../../src/system/own-command.ts';

/**
 * npm run bench: both stages in a short form, compared with PyTorch and scikit-learn where python3 has them.
 * npm run bench -- NAME [arguments]: runs scripts/bench/NAME.ts, which exports `run(args)`.
 */
const [name, ...args] = process.argv.slice(2);
const here = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(here)
  .filter((file) => file.endsWith('.ts') && file !== 'bench.ts')
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();
const usage = `npm run bench                        both stages in a short form: two minutes on two idle cores
npm run bench -- NAME [arguments]    one of: ${names.join(', ')}
npm run bench -- NAME --help         its options`;

async function runBench(chosen: string, given: readonly string[]): Promise<void> {
  const { run } = (await import(new URL(`${chosen}.ts`, import.meta.url).href)) as {
    run(args: readonly string[]): Promise<void>;
  };
  await run(given);
}

/** Small versions of both benchmarks, with the same kinds of work. */
async function runBoth(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'featuretap-bench-'));
  try {
    await say('Stage one, extract', 'extract', [
      ...['--images', '32', '--end-to-end', '64', '--rounds', '2'],
      ...['--only', 'featuretap float32,torch eager,torch optimize'],
    ]);
    await say('Stage two, classify', 'classify', [
      ...['--rows', '2000', '--test-rows', '500', '--classes', '20'],
      ...['--out', join(scratch, 'classify.json')],
    ]);
    console.log(`\nIn full, and more: ${names.map((each) => `npm run bench -- ${each}`).join(', ')}`);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

async function say(title: string, chosen: string, given: readonly string[]): Promise<void> {
  const shown = given.filter((word, at) => word !== '--out' && given[at - 1] !== '--out');
  console.log(`\n${title}: npm run bench -- ${chosen} ${shown.map(quoteArgument).join(' ')}`);
  await runBench(chosen, given);
}

try {
  if (name === undefined) await runBoth();
  else if (names.includes(name)) await runBench(name, args);
  else {
    (name === '--help' ? console.log : console.error)(usage);
    if (name !== '--help') process.exitCode = 2;
  }
} catch (error) {
  console.error(error instanceof UserError ? error.message : error);
  process.exitCode = error instanceof UserError ? error.exitCode : 1;
}

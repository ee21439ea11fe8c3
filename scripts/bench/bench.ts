import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../src/errors.ts';

/** npm run bench -- NAME [arguments]: runs scripts/bench/NAME.ts, which exports `run(args)`. */
const [name, ...args] = process.argv.slice(2);
const here = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(here)
  .filter((file) => file.endsWith('.ts') && file !== 'bench.ts')
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();
if (name === undefined || !names.includes(name)) {
  console.error(`usage: npm run bench -- NAME [arguments]\n  names: ${names.join(', ')}`);
  process.exit(2);
}
const { run } = (await import(new URL(`${name}.ts`, import.meta.url).href)) as {
  run(args: readonly string[]): Promise<void>;
};
try {
  await run(args);
} catch (error) {
  console.error(error instanceof UserError ? error.message : error);
  process.exitCode = error instanceof UserError ? error.exitCode : 1;
}

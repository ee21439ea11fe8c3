/** Entry point of a packed bench on the other machine: `npm run bench -- gpu` without npm. */
import { UserError } from '../../../src/system/errors.ts';
import { measure } from './measure.ts';
import { measureUsage, readOptions } from './options.ts';

const args = process.argv.slice(2);
try {
  if (args.includes('--help')) console.log(`run.sh [options]\n${measureUsage}`);
  else await measure(readOptions(args), `run.sh ${args.join(' ')}`.trim());
} catch (error) {
  console.error(error instanceof UserError ? error.message : error);
  process.exitCode = error instanceof UserError ? error.exitCode : 1;
}

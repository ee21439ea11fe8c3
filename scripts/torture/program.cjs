// Runs the command line repeatedly in one process, which saves most starts: reads the arguments of a run from stdin as
// a line of JSON, and prints on stderr, after the run's output, a line where the process would have ended.
//
//   node scripts/torture/program.cjs FOLDER_OF_THE_BUNDLE
const { writeSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const cli = pathToFileURL(join(process.argv[2], 'cli.js')).href;
let runs = 0;
let isDone = true;

// A run that leaves something open does not get here, as its process would not end.
process.on('beforeExit', () => {
  if (runs > 0) writeSync(2, `\0${isDone ? process.exitCode : 13}\0`);
  // Listeners of a run end with its process; runs register nothing else globally.
  for (const event of ['SIGINT', 'SIGTERM']) process.removeAllListeners(event);
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error');
  process.exitCode = undefined;
  process.stdin.ref().once('data', (line) => run(JSON.parse(line)));
});
process.stdin.setEncoding('utf8').once('end', () => process.exit());

async function run(args) {
  process.stdin.unref();
  process.argv = [process.argv[0], process.argv[1], ...args];
  isDone = false;
  runs++;
  // Evaluates the entry again, but not its imports.
  await import(`${cli}?run=${runs}`);
  isDone = true;
}

import { writeSync } from 'node:fs';
import { runCli } from './cli/run.ts';
import { fileReason } from './system/file-reason.ts';

// The reader of a pipe may leave early, as `head` does: that is not an error. Any other failure is: the result is not whole.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  try {
    writeSync(2, `standard output cannot be written\n  found:    ${fileReason(error)}\n`);
  } catch {
    // Then nobody is left to be told.
  }
  process.exit(1);
});
// Messages that nobody reads, or that find no room, stop no work.
process.stderr.on('error', () => undefined);
process.exitCode = await runCli(process.argv.slice(2));

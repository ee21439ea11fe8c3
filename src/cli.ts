import { runCli } from './cli/run.ts';

// The reader of a pipe may leave early, as `head` does: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
process.exitCode = await runCli(process.argv.slice(2));

// Loaded before each test file: says at its end how much processor time it and the programs that it started took, where
// the system tells (Linux). Times on the clock say little where other files run at the same time.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

const folder = process.env.FEATURETAP_TEST_TIMES;
// Node's runner loads this too, and so do worker threads; it sets this variable for the files.
const isTestFile = isMainThread && process.env.NODE_TEST_CONTEXT !== undefined;
// Named now: a test may change the arguments.
if (folder !== undefined && isTestFile) {
  const place = join(folder, basename(process.argv[1]));
  process.on('exit', () => write(place));
}

function write(place) {
  try {
    // proc(5): utime, stime, cutime and cstime are the fields 14 to 17, in hundredths of a second; the name may hold spaces.
    const fields = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    writeFileSync(place, String(ticks / 100));
  } catch {
    // Another system: the reporter shows the time on the clock.
  }
}

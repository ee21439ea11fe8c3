import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Where thousands of small temporary files take the least time: in memory on Linux, else the usual folder. */
export function memoryFolder(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}

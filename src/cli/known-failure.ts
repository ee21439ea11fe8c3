import { systemFailure } from '../system/system-failure.ts';
import { WriteError } from '../system/write-error.ts';
import type { Verb } from './verb.ts';

/** What failed in the library, with what the verb can do about it; what is no failure of a disk or system stays as it is. */
export function knownFailure(error: unknown, writes: Verb['writes']): unknown {
  if (error instanceof WriteError) return writes === undefined ? error : error.advised(writes);
  return systemFailure(error) ?? error;
}

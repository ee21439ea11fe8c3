import { join } from 'node:path';
import type { Checkpoints } from '../../models/checkpoints.ts';
import { removeAbandoned, removeFile, writeDurably } from '../../system/durable.ts';
import { nodeFiles, readIfThere } from '../../system/files.ts';
import { makeFolder } from '../../system/make-folder.ts';

/** Checkpoints of the fits of one run, as files. */
interface RunCheckpoints extends Checkpoints {
  /** Removes those that this run has read or written: what they led to is kept elsewhere by now. */
  clear(): Promise<void>;
}

/** In the folder of all reports, where the next run of the same command looks for them. */
const folderName = 'checkpoints';

export function openCheckpoints(out: string): RunCheckpoints {
  const folder = join(out, folderName);
  const used = new Set<string>();
  const fileOf = (key: string): string => {
    used.add(key);
    return join(folder, `${key}.safetensors`);
  };
  return {
    read: (key) => readIfThere(nodeFiles, fileOf(key)),
    write: async (key, bytes) => {
      await makeFolder(folder);
      await writeDurably(nodeFiles, fileOf(key), [bytes], bytes.length);
    },
    clear: async () => {
      for (const key of used) await removeFile(nodeFiles, fileOf(key));
      used.clear();
      await removeAbandoned(nodeFiles, folder);
    },
  };
}

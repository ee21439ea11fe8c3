import { join } from 'node:path';
import type { Checkpoints } from '../../models/model.ts';
import { removeAbandoned, removeFile, writeDurably } from '../../system/durable.ts';
import { nodeFiles, readIfThere } from '../../system/files.ts';
import { makeFolder } from '../../system/make-folder.ts';

interface RunCheckpoints extends Checkpoints {
  /** Deletes the checkpoints read or written by this run, once their results are saved. */
  clear(): Promise<void>;
}

/** In the folder of reports, where the next run of the same command finds them. */
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
      await writeDurably(nodeFiles, fileOf(key), [bytes]);
    },
    clear: async () => {
      for (const key of used) await removeFile(nodeFiles, fileOf(key));
      used.clear();
      await removeAbandoned(nodeFiles, folder);
    },
  };
}

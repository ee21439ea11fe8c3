import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { ortVersion } from '../../../src/extract/backbone/ort-session.ts';

/** Machine and versions, for the results. */
interface Machine {
  /** `NVIDIA H100 80GB HBM3, 16 cores`, or the processor without a GPU. */
  readonly name: string;
  readonly gpu: string | null;
  readonly driver: string | null;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly node: string;
  readonly onnxRuntime: string;
}

export function describeMachine(): Machine {
  const { stdout } = spawnSync('nvidia-smi', ['--query-gpu=name,driver_version', '--format=csv,noheader'], {
    encoding: 'utf8',
  });
  const [gpu, driver] = (stdout ?? '').trim().split('\n')[0]?.split(', ') ?? [];
  const cores = availableParallelism();
  const processor = cpus()[0]?.model ?? 'unknown processor';
  return {
    name: `${gpu || processor}, ${cores} cores`,
    gpu: gpu || null,
    driver: driver ?? null,
    processor,
    cores,
    memoryGigabytes: Math.round(totalmem() / 1e9),
    node: process.version,
    onnxRuntime: ortVersion,
  };
}

/** Prints the lib folders of NVIDIA's packages, on which PyTorch for CUDA depends. */
const askPython = `
import glob, sys
for folder in sys.path:
    for found in sorted(glob.glob(folder + '/nvidia/*/lib')): print(found)
`;

/**
 * Folders of CUDA's and cuDNN's libraries for a loader's search path: the toolkit's, and those installed with PyTorch.
 * Wheels contain only versioned names, and some programs open `libcudnn.so`: links to these are created in `scratch`.
 */
export function cudaFolders(scratch: string): readonly string[] {
  const { stdout } = spawnSync('python3', ['-c', askPython], { encoding: 'utf8' });
  const toolkit = ['/usr/local/cuda/lib64', '/usr/local/cuda/targets/x86_64-linux/lib'];
  const own = (process.env['LD_LIBRARY_PATH'] ?? '').split(':').filter((folder) => folder !== '');
  const found = [...own, ...(stdout ?? '').split('\n'), ...toolkit].filter(
    (folder) => folder !== '' && existsSync(folder),
  );
  const links = join(scratch, 'unversioned');
  mkdirSync(links, { recursive: true });
  for (const folder of found) {
    for (const file of readdirSync(folder)) {
      const [library] = /^lib(cudnn|nvrtc)\.so(?=\.\d+$)/.exec(file) ?? [];
      if (library !== undefined && !existsSync(join(links, library))) {
        symlinkSync(join(folder, file), join(links, library));
      }
    }
  }
  return [...found, links];
}

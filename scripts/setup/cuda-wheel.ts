import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cudaLibrary } from '../../src/extract/backbone/devices/explain.ts';
import { readEntrySync } from '../../src/formats/archive/entry.ts';
import { listZip } from '../../src/formats/archive/list-zip.ts';
import { UserError } from '../../src/system/errors.ts';

/** The files of ONNX Runtime's CUDA support, besides the common library. */
export const cudaFiles: readonly string[] = [cudaLibrary, 'libonnxruntime_providers_shared.so'];

/** Three times the size of the largest. */
const largestBytes = 2 ** 30;

/**
 * Extracts ONNX Runtime's CUDA libraries from a wheel of PyPI's onnxruntime-gpu, which is built from the same sources
 * as the npm package of its version, for its own version of CUDA.
 *
 * @param version of onnxruntime-node, which the wheel must have: libraries of two versions are incompatible
 * @throws UserError if the wheel does not match
 */
export async function takeFromWheel(wheel: string, target: string, version: string): Promise<void> {
  const [, name, found] = /^(onnxruntime_gpu)-([^-]+)-.*x86_64\.whl$/.exec(basename(wheel)) ?? [];
  const expected = `onnxruntime_gpu-${version}-…-manylinux_…_x86_64.whl`;
  const fix = `pip download --no-deps --only-binary=:all: onnxruntime-gpu==${version}`;
  if (name === undefined || found !== version) {
    throw new UserError({ what: 'this wheel does not match onnxruntime-node', where: wheel, expected, fix });
  }
  if (!existsSync(wheel)) throw new UserError({ what: 'the wheel does not exist', where: wheel, fix });
  const entries = await listZip(wheel);
  const libraries = cudaFiles.map((file) => {
    const entry = entries.find(({ name: path }) => path === `onnxruntime/capi/${file}`);
    const bytes = entry === undefined ? undefined : readEntrySync(wheel, entry, largestBytes).bytes;
    if (bytes === undefined) {
      throw new UserError({ what: `the wheel has no ${file}`, where: wheel, expected, fix });
    }
    return { file, bytes };
  });
  for (const { file, bytes } of libraries) {
    // A process that is killed here leaves no partial library.
    writeFileSync(join(target, `${file}.part`), bytes, { mode: 0o755 });
    renameSync(join(target, `${file}.part`), join(target, file));
  }
}

/** CUDA's major version of an ONNX Runtime library, from the name of cuBLAS in it. */
export function linkedCuda(library: Uint8Array): number | undefined {
  const name = Buffer.from('libcublas.so.');
  const bytes = Buffer.from(library.buffer, library.byteOffset, library.byteLength);
  const at = bytes.indexOf(name);
  const major = Number.parseInt(bytes.toString('latin1', at + name.length, at + name.length + 3), 10);
  return at < 0 || Number.isNaN(major) ? undefined : major;
}

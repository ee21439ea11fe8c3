import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cudaLibrary } from '../../src/extract/backbone/devices/explain.ts';
import { readEntrySync } from '../../src/formats/archive/entry.ts';
import { listZip } from '../../src/formats/archive/list-zip.ts';
import { UserError } from '../../src/system/errors.ts';

/** What ONNX Runtime's CUDA support is made of, beside the library that everything has. */
export const cudaFiles: readonly string[] = [cudaLibrary, 'libonnxruntime_providers_shared.so'];

/** Above the largest of them by three times. */
const largestBytes = 2 ** 30;

/**
 * Takes ONNX Runtime's CUDA libraries out of a wheel of PyPI's onnxruntime-gpu: it is built from the same sources as the
 * npm package of its version, and for a CUDA of its own.
 *
 * @param version of onnxruntime-node, which the wheel's must be: libraries of two versions do not go together
 * @throws UserError if it is no such wheel
 */
export async function takeFromWheel(wheel: string, target: string, version: string): Promise<void> {
  const [, name, found] = /^(onnxruntime_gpu)-([^-]+)-.*x86_64\.whl$/.exec(basename(wheel)) ?? [];
  const expected = `onnxruntime_gpu-${version}-…-manylinux_…_x86_64.whl`;
  const fix = `pip download --no-deps --only-binary=:all: onnxruntime-gpu==${version}`;
  if (name === undefined || found !== version) {
    throw new UserError({ what: 'this wheel does not go with onnxruntime-node', where: wheel, expected, fix });
  }
  if (!existsSync(wheel)) throw new UserError({ what: 'the wheel is not there', where: wheel, fix });
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
    // A process that is killed here leaves no half of a library behind.
    writeFileSync(join(target, `${file}.part`), bytes, { mode: 0o755 });
    renameSync(join(target, `${file}.part`), join(target, file));
  }
}

/** CUDA's major version that a library of ONNX Runtime is linked to, by the name of cuBLAS in it. */
export function linkedCuda(library: Uint8Array): number | undefined {
  const name = Buffer.from('libcublas.so.');
  const bytes = Buffer.from(library.buffer, library.byteOffset, library.byteLength);
  const at = bytes.indexOf(name);
  const major = Number.parseInt(bytes.toString('latin1', at + name.length, at + name.length + 3), 10);
  return at < 0 || Number.isNaN(major) ? undefined : major;
}

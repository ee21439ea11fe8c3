import assert from 'node:assert/strict';
import { createWriteStream, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { ZipFile } from 'yazl';
import { linkedCuda, takeFromWheel } from '../../scripts/setup/cuda-wheel.ts';
import { cudaLibrary } from '../../src/extract/backbone/devices/explain.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const scratch = temporaryFolder();

const shared = 'libonnxruntime_providers_shared.so';
const library = Buffer.from('\x7fELF libcublasLt.so.13\0libcublas.so.13\0libcudart.so.13\0', 'latin1');

async function writeWheel(name: string, files: readonly string[]): Promise<string> {
  const zip = new ZipFile();
  for (const file of files)
    zip.addBuffer(file === shared ? Buffer.from('shared') : library, `onnxruntime/capi/${file}`);
  zip.end();
  const path = join(scratch, name);
  await pipeline(zip.outputStream, createWriteStream(path));
  return path;
}

test('extracts the CUDA libraries from a wheel of the same version, and reports which CUDA they need', async () => {
  const wheel = await writeWheel('onnxruntime_gpu-1.30.0-cp312-cp312-manylinux_2_28_x86_64.whl', [cudaLibrary, shared]);
  const target = join(scratch, 'native');
  mkdirSync(target);
  await takeFromWheel(wheel, target, '1.30.0');
  const taken = readFileSync(join(target, cudaLibrary));
  assert.deepEqual(taken, library);
  assert.equal(readFileSync(join(target, shared), 'utf8'), 'shared');
  assert.equal(linkedCuda(taken), 13);
  assert.equal(linkedCuda(Buffer.from('no library of CUDA')), undefined);
});

test('rejects a wheel of another version or package, or without the libraries, and writes nothing', async () => {
  const target = join(scratch, 'empty');
  mkdirSync(target);
  const older = await writeWheel('onnxruntime_gpu-1.29.0-cp312-cp312-manylinux_2_28_x86_64.whl', [cudaLibrary, shared]);
  await assert.rejects(takeFromWheel(older, target, '1.30.0'), /does not match[\s\S]*onnxruntime-gpu==1\.30\.0/);
  const plain = await writeWheel('onnxruntime-1.30.0-cp312-cp312-manylinux_2_28_x86_64.whl', [cudaLibrary, shared]);
  await assert.rejects(takeFromWheel(plain, target, '1.30.0'), /does not match/);
  const bare = await writeWheel('onnxruntime_gpu-1.30.0-cp311-cp311-manylinux_2_28_x86_64.whl', [cudaLibrary]);
  await assert.rejects(takeFromWheel(bare, target, '1.30.0'), /has no libonnxruntime_providers_shared\.so/);
  await assert.rejects(takeFromWheel(`${older}x`, target, '1.30.0'), /does not match/);
  assert.deepEqual(readdirSync(target), []);
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { libraryUrl } from '../child-source.ts';
import { projectRoot } from '../reference.ts';

/** One head on four rows, so that ONNX Runtime opens a session; many arguments, which its telemetry would read. */
const script = `
  const { createHead } = await import(${JSON.stringify(libraryUrl())});
  const features = { rowCount: 4, columnCount: 2, data: Float32Array.of(0, 1, 1, 0, 0, 2, 2, 0) };
  const table = { features, labels: Int32Array.of(0, 1, 0, 1), classes: ['a', 'b'] };
  const fitted = await createHead('linear', {}).fit(table, { seed: 0, threads: 1 });
  console.log((await fitted.predict(features)).join());`;

test('ONNX Runtime writes nothing to the home folder, also with long command lines', async () => {
  const home = await mkdtemp(join(tmpdir(), 'featuretap-home-'));
  try {
    const { ORT_DISABLE_TELEMETRY: _unset, XDG_CACHE_HOME: _cache, ...env } = process.env;
    const names = Array.from({ length: 700 }, (_, i) => `/photos/of/somebody/with/a/long/name/image-${i}.jpg`);
    const args = ['--input-type=module', '--eval', script, '--', ...names];
    const options = { cwd: projectRoot, encoding: 'utf8', env: { ...env, HOME: home } } as const;
    await mkdir(join(home, '.cache'));
    const { stdout, stderr, signal } = spawnSync(process.execPath, args, options);
    assert.deepEqual([stdout.trim(), signal], ['0,1,0,1', null], stderr);
    assert.deepEqual(await readdir(join(home, '.cache')), []);
  } finally {
    await rm(home, { recursive: true });
  }
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { drawPhotos } from '../../scripts/demo/draw.ts';

async function drawInto(seed: number): Promise<ReadonlyMap<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'featuretap-draw-'));
  try {
    await drawPhotos({ folder, classCount: 3, perClass: 2, seed });
    const hashes = new Map<string, string>();
    for (const name of (await readdir(folder, { recursive: true })).sort()) {
      if (!name.endsWith('.jpg')) continue;
      const bytes = await readFile(join(folder, name));
      assert.equal((await sharp(bytes).metadata()).format, 'jpeg');
      hashes.set(name, createHash('sha256').update(bytes).digest('hex'));
    }
    return hashes;
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('the drawn set depends on its seed alone, every photo differs, and each class has its folder', async () => {
  const [first, again, other] = [await drawInto(1), await drawInto(1), await drawInto(2)];
  assert.equal(first.size, 6);
  assert.deepEqual(first, again);
  assert.equal(new Set([...first.values(), ...other.values()]).size, 12);
  assert.equal(new Set([...first.keys()].map((name) => name.split(/[\\/]/)[0])).size, 3);
});

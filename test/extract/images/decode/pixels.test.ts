import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { decodeImage } from '../../../../src/extract/images/decode/decode.ts';
import { DecodeError } from '../../../../src/extract/images/decode/decode-error.ts';
import { openPixelPipeline } from '../../../../src/extract/images/pipeline/pipeline.ts';
import { openResampler } from '../../../../src/extract/images/resize/resampler.ts';
import { centerCropSpan, resizeAndCrop, resizedSize } from '../../../../src/extract/images/resize/transform.ts';
import { needsReference, projectRoot, reference } from '../../../reference.ts';

const fixtures = join(projectRoot, 'test/fixtures/pixels');

interface GoldenLine {
  readonly file: string;
  readonly resize: number;
  readonly crop: number;
  readonly autoOrient: boolean;
  readonly sha256: string;
}

function readGolden(file: string): readonly GoldenLine[] {
  const records = parse(readFileSync(file), { columns: true }) as Record<string, string>[];
  return records.map(({ file = '', resize, crop = '224', autoOrient, sha256 = '' }) => ({
    file,
    resize: Number(resize),
    crop: Number(crop),
    autoOrient: autoOrient === 'yes',
    sha256,
  }));
}

const hash = (pixels: Uint8Array): string => createHash('sha256').update(pixels).digest('hex');

const goldenByFile = new Map<string, GoldenLine[]>();
for (const line of readGolden(join(fixtures, 'golden.csv'))) {
  goldenByFile.set(line.file, [...(goldenByFile.get(line.file) ?? []), line]);
}
for (const [file, lines] of goldenByFile) {
  test(`pixels of ${file} equal Pillow's and torchvision's`, async () => {
    const bytes = readFileSync(join(fixtures, file));
    const resampler = openResampler();
    for (const { resize, crop, autoOrient, sha256 } of lines) {
      const pixels = resizeAndCrop(resampler, await decodeImage(bytes, { autoOrient }), {
        resize,
        crop,
        interpolation: 'bilinear',
      });
      assert.equal(pixels.length, crop * crop * 3);
      assert.equal(hash(pixels), sha256, `resize ${resize}, crop ${crop}, auto-orient ${autoOrient}`);
    }
  });
}

test('every fixture has golden values or is rejected with its name', async () => {
  const reasons: Readonly<Record<string, RegExp>> = {
    'refused-float.tif': /TIFF \(grey, 1 x 32 bits\).*not unsigned integers/,
    'refused-lab.tif': /TIFF \(Lab, 3 x 8 bits\)/,
  };
  for (const file of readdirSync(fixtures)) {
    if (file.endsWith('.csv') || goldenByFile.has(file)) continue;
    const reason = reasons[file];
    assert.ok(reason, `${file} has neither`);
    await assert.rejects(decodeImage(readFileSync(join(fixtures, file)), { autoOrient: false }), reason);
  }
});

test("pixels of every reference photo at 256 and at 224 equal Pillow's and torchvision's", {
  skip: needsReference('reference/pixels.csv', 'dogs/train', 'odd-images'),
}, async () => {
  const lines = readGolden(reference('reference/pixels.csv'));
  const [larger, smaller] = [256, 224].map((resize) => lines.filter((line) => line.resize === resize));
  assert.deepEqual([larger?.length, smaller?.length], [1020, 1020]);
  const recipe = { crop: 224, interpolation: 'bilinear', autoOrient: false } as const;
  // Each photo is decoded once for both sizes.
  const pipeline = openPixelPipeline({ ...recipe, resize: 256, beside: [{ ...recipe, resize: 224 }] });
  const images = (larger ?? []).map(({ file }) => ({ id: file, path: reference(file), relativePath: file }));
  const different: string[] = [];
  let at = 0;
  try {
    for await (const result of pipeline.decode(images)) {
      const wanted = [larger?.[at], smaller?.[at]];
      at++;
      const found = result.outcome === 'pixels' ? [result.pixels, ...(result.beside ?? [])] : [];
      const same = wanted.every((line, i) => found[i] !== undefined && hash(found[i]) === line?.sha256);
      if (!same || wanted.some((line) => line?.file !== result.image.id)) different.push(result.image.id);
    }
  } finally {
    await pipeline.close();
  }
  assert.equal(at, images.length);
  assert.deepEqual(different, []);
});

test('a truncated file of any format is rejected', async () => {
  const kinds = [
    'ycc420.jpg',
    'progressive.jpg',
    'gray-alpha.png',
    'still.gif',
    'lossy.webp',
    'lossless.webp',
    'rgb-lzw.tif',
  ];
  for (const file of kinds) {
    const bytes = readFileSync(join(fixtures, file));
    await decodeImage(bytes, { autoOrient: false });
    for (const share of [0, 0.001, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share));
      await assert.rejects(decodeImage(cut, { autoOrient: false }), DecodeError, `${file} cut to ${cut.length} bytes`);
    }
  }
});

test('a damaged file gives a complete image or a reason, never a raw error', async () => {
  const names = readdirSync(fixtures).filter((file) => file !== 'golden.csv');
  const originals = names.map((name) => readFileSync(join(fixtures, name)));
  let state = 1;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % limit;
  };
  let refused = 0;
  for (let i = 0; i < 800; i++) {
    const original = originals[below(originals.length)] as Buffer;
    const bytes = Buffer.from(below(8) === 0 ? original.subarray(0, below(original.length)) : original);
    // Most of the damage is in headers, where it leads to different errors.
    for (let k = below(4); k >= 0 && bytes.length > 0; k--) {
      const at = below(3) === 0 ? below(bytes.length) : below(Math.min(bytes.length, 300));
      bytes[at] = below(3) === 0 ? below(2) * 255 : below(256);
    }
    try {
      const { data, width, height, channels } = await decodeImage(bytes, { autoOrient: below(2) === 0 });
      assert.equal(data.length, width * height * channels);
    } catch (error) {
      assert.ok(error instanceof DecodeError, `round ${i}: ${String(error)}`);
      assert.match(error.message, /\S$/);
      refused++;
    }
  }
  assert.ok(refused > 267 && refused < 773, `${refused} of 800 refused`);
});

test('names the format of a file that is not an image', async () => {
  const refusals: readonly (readonly [Uint8Array, RegExp])[] = [
    [Buffer.alloc(0), /the file is empty/],
    [Buffer.alloc(4096), /zero bytes throughout/],
    [Buffer.from('this is not an image\n'), /not a known image format$/],
    [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), /SVG/],
    [Buffer.from('<!DOCTYPE html><title>403</title>'), /HTML/],
    [Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'), /Git LFS pointer/],
    [Buffer.from('\0\0\0\x18ftypheic\0\0\0\0', 'latin1'), /HEIC/],
    [Buffer.from('\xff\xd8\xff\xe0\0\x10JFIF', 'latin1'), /JPEG: the file ends in its header/],
  ];
  for (const [bytes, reason] of refusals) {
    await assert.rejects(decodeImage(bytes, { autoOrient: false }), (error) => {
      assert.ok(error instanceof DecodeError, String(error));
      assert.match(error.message, reason);
      return true;
    });
  }
});

test('rejects a header above the size limit before memory is allocated', async () => {
  const claims: readonly (readonly [file: string, offset: number, bytes: readonly number[]])[] = [
    ['gray-alpha.png', 16, [0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]], // 100,000 x 100,000 in IHDR
    ['still.gif', 6, [0xff, 0xff, 0xff, 0xff]], // 65,535 x 65,535 in the screen descriptor
    [
      'ycc444.jpg',
      readFileSync(join(fixtures, 'ycc444.jpg')).indexOf(Buffer.from([0xff, 0xc0])) + 5,
      [0xff, 0xff, 0xff, 0xff],
    ],
  ];
  for (const [file, offset, claim] of claims) {
    const bytes = Buffer.from(readFileSync(join(fixtures, file)));
    bytes.set(claim, offset);
    const before = process.memoryUsage().rss;
    await assert.rejects(decodeImage(bytes, { autoOrient: false }), /above the limit of 89478485/);
    assert.ok(process.memoryUsage().rss - before < 200e6, `${file} took memory`);
  }
});

test('sizes and crop offsets are torchvision’s', () => {
  assert.deepEqual(resizedSize({ width: 500, height: 375 }, 256), { width: 341, height: 256 });
  assert.deepEqual(resizedSize({ width: 375, height: 500 }, 256), { width: 256, height: 341 });
  assert.deepEqual(resizedSize({ width: 100, height: 100 }, 7), { width: 7, height: 7 });
  // (341 - 224) / 2 = 58.5 rounds to 58, (343 - 224) / 2 = 59.5 to 60
  assert.deepEqual(centerCropSpan(341, 224), { from: 58, to: 0, count: 224 });
  assert.deepEqual(centerCropSpan(343, 224), { from: 60, to: 0, count: 224 });
  assert.deepEqual(centerCropSpan(221, 224), { from: 0, to: 1, count: 221 });
});

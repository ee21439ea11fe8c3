import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { decodeImage } from '../../../../src/extract/images/decode/decode.ts';
import { DecodeError } from '../../../../src/extract/images/decode/decode-error.ts';
import type { SixteenBit } from '../../../../src/extract/images/decode/sixteen-bit.ts';
import { sniff } from '../../../../src/extract/images/decode/sniff.ts';
import { openResampler } from '../../../../src/extract/images/resize/resampler.ts';
import { resizeAndCrop } from '../../../../src/extract/images/resize/transform.ts';
import { projectRoot } from '../../../reference.ts';

const fixtures = join(projectRoot, 'test/fixtures/kinds');
const fixture = (file: string): Buffer => readFileSync(join(fixtures, file));
const golden = parse(readFileSync(join(fixtures, 'golden.csv')), { columns: true }) as Record<string, string>[];
const names = [...new Set(golden.map(({ file = '' }) => file))];

/** Largest and mean difference from pillow-heif's or Pillow's pixels, in grey levels before any resize; docs/pixels.md. */
const heifTolerances: Readonly<Record<string, readonly [largest: number, mean: number]>> = {
  '444.heic': [2, 0.05],
  '422.heic': [3, 0.08],
  '420.heic': [3, 0.05],
  'gray.heic': [1, 0.01],
  'alpha.heic': [3, 0.05],
  'turned.heic': [3, 0.05],
  'several.heic': [3, 0.05],
  'sequence.avif': [1, 0.18],
};
const heifNames = Object.keys(heifTolerances);

for (const name of heifNames) {
  test(`pixels of ${name} differ from Python's by no more than docs/pixels.md says`, async () => {
    const { data, channels } = await decodeImage(fixture(name), { autoOrient: false });
    const expected = fixture(`${name}.rgb`);
    assert.equal(data.length / channels, expected.length / 3);
    const [largest, mean] = heifTolerances[name] as readonly [number, number];
    const found = expected.map((value, i) =>
      Math.abs(value - (data[Math.floor(i / 3) * channels + (i % 3)] as number)),
    );
    assert.ok(
      Math.max(...found) <= largest,
      `at most ${Math.max(...found)}, mean ${found.reduce((t, e) => t + e, 0) / found.length}`,
    );
    const sum = found.reduce((total, each) => total + each, 0);
    assert.ok(sum / found.length <= mean, `mean ${sum / found.length}`);
  });
}

for (const name of names) {
  test(`pixels of ${name} equal Pillow's and torchvision's`, async () => {
    const resampler = openResampler();
    for (const { resize, crop, sixteenBit, sha256 } of golden.filter(({ file }) => file === name)) {
      const image = await decodeImage(fixture(name), { autoOrient: false, sixteenBit: sixteenBit as SixteenBit });
      const pixels = resizeAndCrop(resampler, image, {
        resize: Number(resize),
        crop: Number(crop),
        interpolation: 'bilinear',
      });
      assert.equal(createHash('sha256').update(pixels).digest('hex'), sha256, `${resize}, ${crop}, ${sixteenBit}`);
    }
  });
}

test('every file has golden values or is rejected with its name', async () => {
  const reasons: Readonly<Record<string, RegExp>> = {
    'cut-before-its-last-tile.jp2': /JPEG 2000: the file ends within its tiles/,
    'refused-gray-alpha.jp2': /JPEG 2000 with 2 components/,
    'refused-rgba.jp2': /JPEG 2000 with 4 components/,
    'refused-ycc.jp2': /JPEG 2000 with colours as YCC/,
    'refused-jump.bmp': /BMP with jumps or odd groups in its runs/,
  };
  for (const file of readdirSync(fixtures)) {
    if (file === 'golden.csv' || heifNames.includes(file.replace('.rgb', '')) || names.includes(file)) continue;
    const reason = reasons[file];
    assert.ok(reason, `${file} has neither`);
    await assert.rejects(decodeImage(fixture(file), { autoOrient: false }), reason);
  }
});

test('reports clipped 16-bit grey samples, and only those', async () => {
  const clipped = async (file: string, sixteenBit?: SixteenBit): Promise<boolean | undefined> =>
    (await decodeImage(fixture(file), { autoOrient: false, ...(sixteenBit && { sixteenBit }) })).clipped;
  for (const file of ['deep.png', 'deep-lzw.tif', 'deep.pgm']) {
    assert.equal(await clipped(file), true, file);
    assert.equal(await clipped(file, 'scale'), undefined, file);
  }
  for (const file of ['shallow.png', 'shallow.tif', 'gray.pgm']) assert.equal(await clipped(file), undefined, file);
});

test('a truncated file of any format is rejected', async () => {
  for (const name of [...names, ...heifNames]) {
    const bytes = fixture(name);
    // The last bytes may be padding or an end mark, which Pillow does not need either.
    for (const share of [0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.8]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share));
      await assert.rejects(decodeImage(cut, { autoOrient: false }), DecodeError, `${name} cut to ${cut.length} bytes`);
    }
  }
});

test('a damaged file gives a complete image or a reason, never a raw error', async () => {
  const originals = readdirSync(fixtures)
    .filter((file) => file !== 'golden.csv' && !file.endsWith('.rgb'))
    .map(fixture);
  let state = 1;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % limit;
  };
  let refused = 0;
  for (let i = 0; i < 800; i++) {
    const bytes = Buffer.from(originals[below(originals.length)] as Buffer);
    for (let k = below(4); k >= 0; k--) {
      const at = below(3) === 0 ? below(bytes.length) : below(Math.min(bytes.length, 150));
      bytes[at] = below(3) === 0 ? below(2) * 255 : below(256);
    }
    try {
      const { data, width, height, channels } = await decodeImage(bytes, { autoOrient: false });
      assert.equal(data.length, width * height * channels);
    } catch (error) {
      assert.ok(error instanceof DecodeError, `round ${i}: ${String(error)}`);
      refused++;
    }
  }
  assert.ok(refused > 160 && refused < 746, `${refused} of 800 refused`);
});

test('text that begins like a bitmap or a portable map is not an image', async () => {
  for (const text of ['BMW 320d, built in 2011, 140,000 km\n', 'P5 is an anthology game\n', 'P2P networks of 2001\n']) {
    await assert.rejects(decodeImage(Buffer.from(text), { autoOrient: false }), /not a known image format/, text);
  }
});

test('an unsupported format is rejected with the command that converts it', async () => {
  const dicom = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')]);
  for (const [bytes, reason] of [
    [Buffer.from('II*\0\x10\0\0\0CR\x02\0', 'latin1'), /camera raw; darktable-cli/],
    [Buffer.from('\0\0\0\x18ftypcrx \0\0\0\x01crx isom', 'latin1'), /camera raw; darktable-cli/],
    [Buffer.from('\xff\x0a', 'latin1'), /JPEG XL; djxl/],
    [Buffer.from('8BPS\0\x01', 'latin1'), /Photoshop; magick FILE\[0\]/],
    [dicom, /DICOM; dcm2pnm/],
  ] as const) {
    await assert.rejects(decodeImage(bytes, { autoOrient: false }), reason);
  }
});

test('AVIF, HEIC and videos are distinguished by their brands', () => {
  const media = (...brands: readonly string[]): ReturnType<typeof sniff> =>
    sniff(
      Buffer.from(
        `\0\0\0${String.fromCharCode(12 + 4 * brands.length)}ftyp${brands[0]}\0\0\0\0${brands.slice(1).join('')}`,
        'latin1',
      ),
    );
  for (const brand of ['heic', 'heix', 'hevc', 'mif1', 'msf1'])
    assert.deepEqual(media(brand, 'mif1', 'heic'), { kind: 'heic' });
  assert.deepEqual(media('avis', 'avif', 'msf1'), { kind: 'avif' });
  assert.deepEqual(media('mif1', 'mif1', 'avif'), { kind: 'avif' });
  assert.deepEqual(media('isom', 'isom', 'mp42'), { refused: 'isom (ISO media)' });
});

test('damage in a HEIC file is reported as the reason alone: its decoder prints nothing', async (t) => {
  const written = t.mock.method(process.stdout, 'write', () => true);
  const errors = t.mock.method(process.stderr, 'write', () => true);
  const start = fixture('420.heic').indexOf('hvcC');
  for (let at = start; at < start + 90; at++) {
    const bytes = fixture('420.heic');
    bytes[at] = (bytes[at] as number) ^ 0x5a;
    await decodeImage(bytes, { autoOrient: false }).catch(() => undefined);
  }
  const calls = written.mock.callCount() + errors.mock.callCount();
  t.mock.restoreAll();
  assert.equal(calls, 0);
});

test('JPEG 2000, HEIC and AVIF above the size limit are rejected before decoding', async () => {
  const claim = (name: string, marker: string, behind: number): Buffer => {
    const bytes = fixture(name);
    for (let at = bytes.indexOf(marker, 0, 'latin1'); at >= 0; at = bytes.indexOf(marker, at + 1, 'latin1')) {
      bytes.writeUInt32BE(100_000, at + behind);
      bytes.writeUInt32BE(100_000, at + behind + 4);
    }
    return bytes;
  };
  for (const bytes of [
    claim('rgb.jp2', '\xff\x4f\xff\x51', 8),
    claim('444.heic', 'ispe', 8),
    claim('sequence.avif', 'ispe', 8),
  ]) {
    await assert.rejects(decodeImage(bytes, { autoOrient: false }), /above the limit of 89478485|broken HEIC/);
  }
});

test('a header alone, within the size limit, allocates no memory', async () => {
  const runs = fixture('runs8.bmp').subarray(0, 1200);
  runs.writeInt32LE(9000, 18);
  runs.writeInt32LE(9000, 22);
  for (const bytes of [
    runs,
    ...['P1', 'P2', 'P3', 'P4', 'P5', 'P6'].map((kind) => Buffer.from(`${kind} 9000 9000 255 1 1 1`)),
  ]) {
    const before = process.memoryUsage().arrayBuffers;
    await assert.rejects(decodeImage(bytes, { autoOrient: false }), DecodeError);
    assert.ok(process.memoryUsage().arrayBuffers - before < 20e6, bytes.toString('latin1', 0, 2));
  }
});

test('a bitmap or portable map above the size limit is rejected before memory is allocated', async () => {
  const bitmap = fixture('rgb.bmp');
  bitmap.writeUInt32LE(100_000, 18);
  bitmap.writeUInt32LE(100_000, 22);
  for (const bytes of [bitmap, Buffer.from('P6 100000 100000 255 '), Buffer.from('P1 100000 100000 ')]) {
    const before = process.memoryUsage().rss;
    await assert.rejects(decodeImage(bytes, { autoOrient: false }), /above the limit of 89478485/);
    assert.ok(process.memoryUsage().rss - before < 200e6);
  }
});

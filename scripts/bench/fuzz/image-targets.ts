import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeImage } from '../../../src/extract/images/decode/decode.ts';
import { DecodeError } from '../../../src/extract/images/decode/decode-error.ts';
import { UserError } from '../../../src/system/errors.ts';
import { byteTarget, type FuzzTarget } from './fuzz-target.ts';

const folders = ['kinds', 'pixels'].map((name) =>
  fileURLToPath(new URL(`../../../test/fixtures/${name}/`, import.meta.url)),
);

/** Formats by a pattern of file names, and words that their parsers search for. */
const kinds: Readonly<Record<string, readonly [names: RegExp, words: readonly string[]]>> = {
  BMP: [/\.bmp$/, ['BM', '\0\0', '\0\x01', '\0\x02\x03\0', '\xff\xff\xff\x7f', '\x03\0\0\0', '\x08\0', '\x04\0']],
  PNM: [/\.p[bgp]m$|^no-extension$/, ['P1', 'P4', 'P6', '#', '\n', ' 65535 ', ' 99999 ', ' 255\n', '-1', '0']],
  'JPEG 2000': [/\.jp2$|\.j2k$/, ['jp2h', 'ihdr', 'colr', 'jp2c', '\xff\x51', '\xff\x90', '\xff\x93', '\xff\xd9']],
  HEIC: [/\.heic$/, ['ftyp', 'meta', 'iloc', 'iinf', 'ipco', 'ipma', 'hvcC', 'ispe', 'mdat', '\xff\xff\xff\xff']],
  'AVIF sequence': [/\.avif$/, ['ftyp', 'avis', 'avif', 'meta', 'moov', 'mdat', 'prem']],
  JPEG: [/^(?!refused).*\.jpg$/, ['\xff\xda', '\xff\xc0', '\xff\xc2', '\xff\xc4', '\xff\xd9', '\0\x3f\0', '\xff\0']],
  'PNG, 16 bits': [/^(deep|shallow)\.png$/, ['IHDR', 'IDAT', 'IEND', 'tRNS', '\x10\0', '\x08\x02']],
  'TIFF, 16 bits': [/^(deep|shallow).*\.tif$/, ['II*\0', 'MM\0*', '\x10\0', '\x02\0', '\x03\0']],
};

/** Images of every format that this project parses, at least in part. */
export function imageTargets(): readonly FuzzTarget[] {
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => [name, join(folder, name)] as const));
  return Object.entries(kinds).map(([kind, [names, words]]) => {
    const seeds = files.filter(([name]) => names.test(name)).map(([, path]) => readFileSync(path));
    return byteTarget(`image: ${kind}`, seeds, words, read);
  });
}

async function read(bytes: Uint8Array): Promise<void> {
  try {
    const { data, width, height, channels } = await decodeImage(bytes, { autoOrient: bytes.length % 2 === 0 });
    assert.equal(data.length, width * height * channels);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    assert.match(error.message, /\S$/);
    throw new UserError({ what: error.message });
  }
}

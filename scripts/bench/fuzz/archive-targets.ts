import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { entryHeadSync, readEntrySync } from '../../../src/formats/archive/entry.ts';
import { listArchive } from '../../../src/formats/archive/list-archive.ts';
import { UserError } from '../../../src/system/errors.ts';
import { drawTar, drawZip } from '../../../test/formats/draw-archive.ts';
import { byteTarget, type FuzzTarget } from './fuzz-target.ts';

/** Longer than any file in the seeds; longer files are not read. */
const limit = 1 << 20;

/** Archives of photos. */
export function archiveTargets(folder: string): readonly FuzzTarget[] {
  const files = {
    'a/1.jpg': Buffer.alloc(300, 'photo'),
    'b/ü.png': Buffer.from('x'),
    'labels.csv': Buffer.from('id,label\n'),
  };
  const long = { [`${'long/'.repeat(40)}1.jpg`]: Buffer.from('y'), './a/2.jpg': Buffer.alloc(600, 1) };
  const zips = [drawZip(files, { deflate: true }), drawZip(files), drawZip(long, { deflate: true })];
  const tars = [drawTar(files), drawTar(long), drawTar({ '1.jpg': Buffer.from('z'), '1.cls': Buffer.from('3') })];
  const read = async (bytes: Uint8Array): Promise<void> => {
    const file = join(folder, 'archive');
    writeFileSync(file, bytes);
    for (const entry of await listArchive(file)) {
      assert.ok(!entry.name.split('/').includes('..') && !entry.name.startsWith('/'));
      entryHeadSync(file, entry, 256);
      try {
        const { bytes: own } = readEntrySync(file, entry, limit);
        assert.ok(own === undefined || own.length === entry.byteCount);
      } catch (error) {
        // An entry that cannot be read is an image without pixels, with the reason.
        if (!(error instanceof Error) || error instanceof UserError || error.message === '') throw error;
        if (error instanceof assert.AssertionError) throw error;
      }
    }
  };
  return [
    byteTarget('archive: zip', zips, ['PK\x01\x02', 'PK\x03\x04', 'PK\x05\x06', '../', '\xff\xff\xff\xff', '\\'], read),
    byteTarget('archive: tar', tars, ['ustar', '../', '77777777777', '\x80\0\0\0', 'path=', '\0\0\0\0'], read),
  ];
}

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readRowLabels } from '../../../src/classify/data/matrix/matrix-labels.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

describe('readRowLabels', () => {
  const root = temporaryFolder();

  async function read(text: string | Uint8Array): ReturnType<typeof readRowLabels> {
    const file = join(root, 'y.csv');
    await writeFile(file, text);
    return readRowLabels(file);
  }

  it('reads a label vector after its header, in file order', async () => {
    const { ids, names } = await read('label\ncat\n"dog, small"\ncat\n');
    assert.deepEqual([ids, names], [undefined, ['cat', 'dog, small', 'cat']]);
  });

  it('reads ids, labels and a further column, with any separator and encoding', async () => {
    for (const text of [
      'id,label,owner\n7,café,x\n8,chat,y\n',
      'id;label;owner\r\n7;café;x\r\n\r\n8;chat;y\r\n',
      '\ufeffid\tlabel\towner\n7\tcafé\tx\n8\tchat\ty\n',
    ]) {
      for (const encoding of ['utf8', 'latin1'] as const) {
        if (encoding === 'latin1' && text.startsWith('\ufeff')) continue;
        const { ids, names, column } = await read(Buffer.from(text, encoding));
        assert.deepEqual(
          [ids, names, column('owner')],
          [
            ['7', '8'],
            ['café', 'chat'],
            ['x', 'y'],
          ],
        );
        assert.throws(() => column('label'), /no column label[\s\S]*owner/);
      }
    }
  });

  it('gives the line number of a row without a label, and of an empty line in a vector', async () => {
    await assert.rejects(read('id,label\n7,cat\n\n8,\n'), /line 4[\s\S]*no label/);
    await assert.rejects(read('label\ncat\n\ndog\n'), /line 3[\s\S]*no label/);
    await assert.rejects(read('label\n"cat\n'), /y\.csv cannot be read/);
  });
});

import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTextTower } from '../../../src/extract/words/text-tower.ts';
import { openTokenizer } from '../../../src/extract/words/tokenizer.ts';
import { makeTemporaryFolder } from '../../../src/system/temporary-folder.ts';
import { published } from '../weights/hub/published.ts';

interface GoldenText {
  readonly text: string;
  readonly ids: readonly number[];
  readonly vector: readonly number[];
}

/** Written by scripts/fixtures/extract/words.py from transformers. */
const { texts: golden } = JSON.parse(readFileSync(join(published, 'words.json'), 'utf8')) as {
  readonly texts: Readonly<Record<'clip' | 'siglip', readonly GoldenText[]>>;
};

for (const name of ['clip', 'siglip'] as const) {
  test(`the tokens of texts equal transformers': ${name}`, async () => {
    const longest = name === 'clip' ? 24 : 20;
    const tokenize = await openTokenizer(join(published, name), { longest, padded: name === 'siglip' });
    for (const { text, ids } of golden[name]) assert.deepEqual(tokenize(text), ids, text);
  });

  test(`the vectors of texts equal transformers', alone and in a batch: ${name}`, async () => {
    const tower = await openTextTower(join(published, name));
    try {
      const { data, columnCount } = await tower.encode(golden[name].map(({ text }) => text));
      assert.equal(columnCount, tower.dims);
      for (const [row, { text, vector }] of golden[name].entries()) {
        const alone = await tower.encode([text]);
        for (const [at, expected] of vector.entries()) {
          assert.ok(Math.abs((data[row * columnCount + at] as number) - expected) < 1e-5, `${text}: ${at}`);
          assert.ok(Math.abs((alone.data[at] as number) - expected) < 1e-5, `${text} alone: ${at}`);
        }
      }
    } finally {
      await tower.close();
    }
  });
}

test("rejects a text that is longer than the network's context, with both lengths", async () => {
  const tower = await openTextTower(join(published, 'clip'));
  await assert.rejects(tower.encode(['dog '.repeat(30)]), /too long[\s\S]*32 tokens[\s\S]*24 at most/);
  await tower.close();
});

test('names the file that a folder lacks, and rejects texts for a network without a text encoder', async () => {
  const folder = await makeTemporaryFolder('words');
  try {
    cpSync(join(published, 'clip'), folder.path, { recursive: true });
    rmSync(join(folder.path, 'tokenizer.json'));
    await assert.rejects(openTextTower(folder.path), /no text encoder here[\s\S]*no tokenizer.json/);
    await assert.rejects(openTextTower(join(published, 'dinov2')), /model_type dinov2[\s\S]*clip \| siglip/);
    writeFileSync(join(folder.path, 'tokenizer.json'), '{"model": 1');
    await assert.rejects(openTextTower(folder.path), /tokenizer cannot be used/);
  } finally {
    await folder.remove();
  }
});

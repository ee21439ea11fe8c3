import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { textures } from '../../../scripts/demo/textures.ts';
import { openBackbone } from '../../../src/extract/backbone/open-backbone.ts';
import { poolRows } from '../../../src/extract/backbone/pool.ts';
import { choosePreprocessing } from '../../../src/extract/preprocessing.ts';
import { type LoadedStateDict, loadWeights } from '../../../src/extract/weights/load-weights.ts';
import { namedNetwork } from '../../../src/extract/weights/named-network.ts';
import { projectRoot } from '../../reference.ts';
import { fixtureBatch, golden, preprocessing, readGolden, worstRow } from '../backbone/fixtures.ts';

const text = (file: string): string => readFileSync(join(projectRoot, file), 'utf8');
const load = async (): Promise<LoadedStateDict> => (await loadWeights('demo-net')) as LoadedStateDict;

test('demo-net is a file of at most 1 MB in the package, and the last that its training wrote', () => {
  const bytes = readFileSync(join(projectRoot, 'weights/demo-net.safetensors'));
  assert.ok(bytes.length <= 1_000_000, `${bytes.length} bytes`);
  const { files } = JSON.parse(text('package.json')) as { readonly files: readonly string[] };
  assert.ok(files.includes('weights/demo-net.safetensors'));
  const log = text('scripts/demo-net/training-log.jsonl').trimEnd().split('\n');
  const last = JSON.parse(log.at(-1) as string) as { readonly sha256: string };
  assert.equal(createHash('sha256').update(bytes).digest('hex'), last.sha256);
});

test('demo-net is built by its name, with its own resize and crop, and described as a demo', async () => {
  const { stateDict, trainedWith, warnings } = await load();
  assert.equal(stateDict.architecture, namedNetwork('demo-net')?.architecture);
  assert.equal(namedNetwork('demo-net')?.crop, trainedWith?.crop);
  assert.equal(choosePreprocessing({}, trainedWith).crop, trainedWith?.crop);
  assert.equal(choosePreprocessing({ crop: 96 }, trainedWith).crop, 96);
  assert.match(warnings.join(), /never on a photo/);
  assert.equal(warnings.length, 1, 'it has no fc by intention');
});

test("demo-net's features agree with PyTorch's", async () => {
  const { stateDict } = await load();
  const backbone = await openBackbone({
    weights: { kind: 'state-dict', stateDict },
    preprocessing: preprocessing(64),
    device: 'cpu',
    tap: 'avgpool',
  });
  const pooled = poolRows(await backbone.run(fixtureBatch()), 'mean');
  await backbone.close();
  const worst = worstRow(pooled, golden(readGolden('demo-net.safetensors'), 'features'));
  assert.ok(worst < 1e-4, `worst row off by ${worst}`);
});

test("demo-net was trained on none of the demo's classes", () => {
  const listed = text('scripts/demo-net/classes.txt').trimEnd().split('\n');
  const [start] = text('scripts/demo-net/training-log.jsonl').split('\n');
  const { trained_classes, probe_classes } = JSON.parse(start as string) as Readonly<Record<string, number>>;
  const trained = listed.filter((line) => line.startsWith('trained '));
  assert.equal(trained.length, trained_classes);
  assert.equal(listed.length, (trained_classes as number) + (probe_classes as number));
  // The demo's classes in the singular, and synonyms.
  const singular = Object.keys(textures).map((name) => name.replace(/s$/, ''));
  const others = ['grating', 'disc', 'circle', 'spot', 'chequer', 'concentric', 'ripple', 'zigzag', 'value-noise'];
  for (const line of trained) for (const word of [...singular, ...others]) assert.ok(!line.includes(word), line);
});

import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { readActivationRanges } from '../../src/extract/activation-ranges.ts';
import { openBackbone } from '../../src/extract/backbone/open-backbone.ts';
import { poolRows } from '../../src/extract/backbone/pool.ts';
import { type ExtractResult, extract } from '../../src/extract/extract.ts';
import { PixelReader } from '../../src/extract/images/pipeline/pixel-reader.ts';
import { loadNetwork } from '../../src/extract/network-source.ts';
import { repairFeatureSet } from '../../src/extract/repair/repair.ts';
import { loadWeights } from '../../src/extract/weights/load-weights.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { verifyFeatureSet } from '../../src/features/repair/verify.ts';
import { nodeFiles } from '../../src/system/files.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { fixture } from './backbone/fixtures.ts';
import { CountingNetwork, drawFolder, drawImage, drawnRun, imagePath, type RunChanges } from './drawn-data.ts';
import { published } from './weights/hub/published.ts';

const weightsFile = fixture('resnet-tiny.safetensors');

describe('extract --precision int8', () => {
  const root = temporaryFolder();
  before(async () => {
    await drawFolder(join(root, 'data'), 20);
  });

  function run(extra: RunChanges = {}, notes: string[] = []): Promise<ExtractResult> {
    const network = extra.network ?? (() => loadNetwork(weightsFile, { device: 'cpu' }));
    return extract(
      drawnRun(join(root, 'data'), new CountingNetwork(), {
        cache: join(root, 'cache'),
        preprocessing: { resize: 32, crop: 32 },
        precision: 'int8',
        batch: 8,
        shardBytes: undefined,
        checkpointSeconds: undefined,
        files: nodeFiles,
        onNote: (line) => notes.push(line),
        ...extra,
        network,
      }),
    );
  }

  it('calibrates while large images wait for each other', async () => {
    const data = join(root, 'large');
    await drawFolder(data, 4);
    for (const name of ['first.png', 'second.png']) {
      const path = join(data, 'class-0', name);
      await drawImage(path, 1);
      const bytes = await readFile(path);
      // The header claims 64 million pixels, so two images reserve more than the budget of 89 million.
      bytes.writeUInt32BE(8000, 16);
      bytes.writeUInt32BE(8000, 20);
      await writeFile(path, bytes);
    }
    const { manifest } = await run({ data, name: 'large', skipUnreadable: true });
    assert.equal(manifest.fields.calibration?.images.length, 4);
    assert.equal(manifest.imageCount, 4);
  });

  it('reports what is wrong with the first image of the sample that cannot be read', async () => {
    const data = join(root, 'broken');
    await drawFolder(data, 2, 2);
    for (const i of [0, 1]) await writeFile(join(data, imagePath(i, 2)), 'no image');
    await assert.rejects(run({ data, name: 'broken' }), /2 drawn, none readable; the first: not a known image format/);
  });

  it('calibrates on images of the folder, reports the agreement, and stores the activation ranges', async () => {
    const notes: string[] = [];
    const { manifest, folder } = await run({}, notes);
    assert.match(
      notes[0] ?? '',
      /int8 against float32 on 16 sample images: cosine 0\.99\d\d on average, 0\.9\d+ at worst/,
    );
    const named = manifest.fields.calibration;
    assert.ok(named);
    assert.equal(named.images.length, 16);
    const set = await openFeatureSet(folder);
    const hashes = new Set(set.ids.map((_, image) => set.sha256Of(image)));
    for (const image of named.images) assert.ok(hashes.has(image));

    // The stored activation ranges give the network that computed the rows, as predict needs it.
    const activationRanges = await readActivationRanges([root, folder], named.sha256);
    const { preprocessing } = manifest.fields;
    const weights = await loadWeights(weightsFile);
    const backbone = await openBackbone({ weights, tap: 'avgpool', preprocessing, device: 'cpu', activationRanges });
    const path = join(root, 'data', set.paths[0] as string);
    const { pixels } = await new PixelReader(preprocessing, () => false).read(path);
    const map = await backbone.run({ rowCount: 1, crop: 32, bytesNHWC: pixels as Uint8Array });
    await backbone.close();
    const { data } = await set.readMatrix(set.rows.subarray(0, 1));
    assert.deepEqual(poolRows(map, 'mean').data, data);
  });

  it('images added later are run with the stored activation ranges', async () => {
    const before = await run();
    await drawImage(join(root, 'data/class-0/later.png'), 77);
    const notes: string[] = [];
    const after = await run({}, notes);
    assert.equal(after.newImages, 1);
    assert.equal(after.manifest.fingerprint, before.manifest.fingerprint);
    assert.match(notes[0] ?? '', /measured when the feature set was created/);
  });

  it('float32 and int8 rows are never mixed', async () => {
    await assert.rejects(run({ precision: 'float32' }), /precision: int8 -> float32/);
  });

  it('another seed draws another sample, and requires --replace', async () => {
    const first = await run();
    await assert.rejects(run({ seed: 1 }), /calibration/);
    const second = await run({ seed: 1, replace: true });
    assert.notDeepEqual(second.manifest.fields.calibration, first.manifest.fields.calibration);
    const files = (await readdir(second.folder)).filter((file) => file.startsWith('calibration-'));
    assert.equal(files.length, 1);
  });

  it('damaged or exchanged activation ranges are rejected', async () => {
    const { manifest, folder } = await run({ name: 'damaged' });
    const { sha256 } = manifest.fields.calibration as { sha256: string };
    const file = join(folder, `calibration-${sha256.slice(0, 8)}.json`);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"seed":0', '"seed":1'));
    await assert.rejects(
      readActivationRanges([root, folder], sha256),
      /are missing[\s\S]*activation ranges with sha256/,
    );
    await writeFile(file, text.slice(0, 1000));
    await assert.rejects(run({ name: 'damaged' }), /activation ranges of int8 are damaged/);
    await rm(file);
    await assert.rejects(readActivationRanges([root, folder], sha256), /no such file/);
  });

  it('verify finds damaged or missing activation ranges, and --repair restores them', async () => {
    const { manifest, folder } = await run({ name: 'verified' });
    const { sha256 } = manifest.fields.calibration as { sha256: string };
    const name = `calibration-${sha256.slice(0, 8)}.json`;
    const text = await readFile(join(folder, name), 'utf8');
    const damages = [
      () => rm(join(folder, name)),
      () => writeFile(join(folder, name), text.replace('"seed":0', '"seed":1')),
    ];
    for (const damage of damages) {
      await damage();
      assert.deepEqual(
        (await verifyFeatureSet(folder)).problems.map(({ file }) => file),
        [name],
      );
      const { restored, after: left } = await repairFeatureSet(folder, {
        network: () => assert.fail('no row is damaged'),
        command: 'featuretap verify --repair',
        batch: 8,
      });
      assert.deepEqual([restored, left.problems], [[name], []]);
      assert.equal(await readFile(join(folder, name), 'utf8'), text);
    }
  });

  it('a published graph keeps its activation ranges with the set, and later runs use them', async () => {
    const network = () => loadNetwork(join(published, 'convnext'), { device: 'cpu' });
    const notes: string[] = [];
    const { manifest, folder } = await run({ name: 'own', network }, notes);
    assert.match(notes[0] ?? '', /int8 against float32 on 16 sample images: cosine 0\.9/);
    assert.equal(manifest.fields.architecture, 'convnext');
    const added = join(root, 'data', 'class-0', 'added.png');
    await drawImage(added, 99);
    const after = await run({ name: 'own', network });
    await rm(added);
    assert.deepEqual([after.newImages, after.manifest.fingerprint], [1, manifest.fingerprint]);
    assert.deepEqual((await verifyFeatureSet(folder)).problems, []);
  });
});

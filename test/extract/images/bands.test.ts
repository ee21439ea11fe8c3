import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { poolRows } from '../../../src/extract/backbone/pool.ts';
import { decodeBands } from '../../../src/extract/images/bands/decode-bands.ts';
import { PixelReader } from '../../../src/extract/images/pipeline/pixel-reader.ts';
import type { PixelRecipe } from '../../../src/extract/images/pipeline/pixel-result.ts';
import { rgbOf, samplesOf } from '../../../src/extract/images/samples.ts';
import { loadNetwork } from '../../../src/extract/network-source.ts';
import { choosePreprocessing } from '../../../src/extract/preprocessing.ts';
import { GraphBuilder } from '../../../src/formats/onnx/graph-builder.ts';
import { imageChannels } from '../../../src/formats/onnx/image-input.ts';
import { projectRoot } from '../../reference.ts';
import { fixture, fixtureBatch, golden, readGolden, worstRow } from '../backbone/fixtures.ts';

/** As scripts/fixtures/extract/resnets.py writes them. */
const bands = join(projectRoot, 'test/fixtures/bands');
const photos = join(projectRoot, 'test/fixtures/pixels');
const expected = readGolden('../bands/golden.safetensors');
const each = (count: number, value: number): readonly number[] => new Array<number>(count).fill(value);
const open = (name: string) => loadNetwork(fixture(`resnets/${name}.safetensors`), { device: 'cpu' });
const recipeOf = (channels: number, resize: number, crop: number) =>
  choosePreprocessing({ resize, crop, mean: each(channels, 0.1), std: each(channels, 0.05) }, { channels });
const read = async (folder: string, file: string, recipe: PixelRecipe) =>
  new PixelReader(recipe, () => false).read(join(folder, file));

for (const [name, { shape, data }] of [...expected].filter(([name]) => name.startsWith('pixels/'))) {
  test(`${name}: bands of a TIFF file are resized as torchvision resizes tensors, within 1e-5`, async () => {
    const channels = shape[2] as number;
    const { pixels, reason } = await read(bands, `${name.slice(7)}.tif`, recipeOf(channels, 12, 10));
    assert.ok(pixels !== undefined, reason);
    const found = new Float32Array(pixels.slice().buffer);
    assert.equal(found.length, data.length);
    const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - (data[i] as number))), 0);
    assert.ok(worst < 1e-5, `off by ${worst}`);
  });
}

test("a ResNet with a stem for 13 channels has PyTorch's features for 13 bands, within 1e-4", async () => {
  const network = await open('bands');
  assert.match(network.architecture, /stem 4, width 4, channels 13\)/);
  const preprocessing = choosePreprocessing(
    { resize: 36, crop: 32, mean: each(13, 0.1), std: each(13, 0.05) },
    network.trainedWith,
  );
  const { pixels } = await read(bands, '13-deep.tif', preprocessing);
  const backbone = await network.open(preprocessing, 'avgpool');
  const map = await backbone.run({ rowCount: 1, crop: 32, bytesNHWC: pixels as Uint8Array });
  await backbone.close();
  assert.ok(worstRow(poolRows(map, 'mean'), golden(expected, 'bands')) < 1e-4);
});

test("a ResNet with a stem for one channel has PyTorch's features for grey images, within 1e-4", async () => {
  const network = await open('grey');
  assert.match(network.architecture, /stem 4, width 4, channels 1\)/);
  const asked = { resize: 64, crop: 64, mean: [0.5], std: [0.25] };
  const preprocessing = choosePreprocessing(asked, network.trainedWith);
  assert.equal(preprocessing.channels, 1);
  const { bytesNHWC } = fixtureBatch();
  const grey = samplesOf(Uint8Array.from(bytesNHWC), preprocessing);
  const backbone = await network.open(preprocessing, 'avgpool');
  const map = await backbone.run({ rowCount: 3, crop: 64, bytesNHWC: grey });
  await backbone.close();
  assert.ok(worstRow(poolRows(map, 'mean'), golden(expected, 'grey')) < 1e-4);
});

test('grey images have one channel in any format; colour images are rejected with both counts', async () => {
  const recipe = { ...recipeOf(1, 16, 16), mean: [0.5], std: [0.5] };
  const rgb = { ...recipe, channels: 3 };
  for (const file of ['gray.jpg', 'gray-alpha.png', 'gray4.png', 'gray.gif', 'gray-lzw.tif']) {
    const { pixels } = await read(photos, file, recipe);
    const { pixels: colours } = await read(photos, file, rgb);
    assert.deepEqual(
      pixels,
      colours?.filter((_, at) => at % 3 === 0),
      file,
    );
  }
  const { outcome, reason } = await read(photos, 'ycc420.jpg', recipe);
  assert.deepEqual([outcome, reason], ['failed', '3 channels (colours), and the network takes 1: grey images']);
});

test('images with another number of bands are rejected with both counts', async () => {
  const recipe = recipeOf(13, 36, 32);
  assert.match(
    (await read(bands, '4-colours-deep.tif', recipe)).reason ?? '',
    /^4 channels, and the network takes 13$/,
  );
  assert.match((await read(photos, 'gray-lzw.tif', recipe)).reason ?? '', /^1 channel, and the network takes 13$/);
  assert.match((await read(photos, 'ycc420.jpg', recipe)).reason ?? '', /^not a TIFF file, .* takes 13$/);
  assert.match((await read(bands, '13-deep-planes.tif', recipe)).reason ?? '', /^TIFF: planes are not read/);
  const bytes = readFileSync(join(bands, '13-deep.tif'));
  for (const length of [7, 100, 4000, bytes.length - 20])
    await assert.rejects(decodeBands(bytes.subarray(0, length), 13), `cut at ${length}`);
});

test('one mean and one deviation per channel are required for channels other than RGB', async () => {
  const { trainedWith } = await open('grey');
  assert.throws(() => choosePreprocessing({}, trainedWith), /--mean[\s\S]*1 number, as the network was trained/);
  assert.throws(() => choosePreprocessing({ mean: [0.5], std: [1, 1, 1] }, trainedWith), /--std/);
  assert.throws(() => choosePreprocessing({ mean: [0.5] }), /three numbers from 0 to 1/);
});

test('the number of channels of an ONNX graph is read from the shape of its input', () => {
  const channelsOf = (shape: readonly (number | string)[]): number | undefined => {
    const builder = new GraphBuilder('drawn');
    builder.input('images', 'float32', shape);
    return imageChannels(builder.model());
  };
  assert.equal(channelsOf(['batch', 3, 32, 32]), 3);
  assert.equal(channelsOf(['batch', 1, 28, 28]), 1);
  assert.equal(channelsOf(['batch', 13, 'height', 'width']), 13);
  assert.equal(channelsOf(['batch', 28, 28, 1]), 1);
  assert.equal(channelsOf(['batch', 13, 13, 13]), undefined);
  assert.equal(channelsOf(['batch', 784]), undefined);
});

test('int8 and TensorFlow.js are rejected for such a network with the reason', async () => {
  const network = await open('grey');
  const preprocessing = recipeOf(1, 64, 64);
  const sample = { seed: 0, images: [], pixels: { rowCount: 0, crop: 64, bytesNHWC: new Uint8Array(0) } };
  await assert.rejects(network.prepareInt8(preprocessing, 'avgpool', sample), /images of 1 channel/);
  const other = await loadNetwork(fixture('resnets/grey.safetensors'), { device: 'auto', engine: 'tensorflow' });
  await assert.rejects(other.open(preprocessing, 'avgpool'), /images of 1 channel/);
});

test('pixels of other sample types are shown as RGB', () => {
  const rgb = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 250, 251, 252);
  assert.deepEqual(rgbOf(samplesOf(rgb, { crop: 2 }), { crop: 2 }), rgb);
  const float = { crop: 2, resizeIn: 'float32' } as const;
  assert.deepEqual(rgbOf(samplesOf(rgb, float), float), rgb);
  const grey = { crop: 2, channels: 1 };
  assert.deepEqual(rgbOf(samplesOf(rgb, grey), grey), Uint8Array.of(1, 1, 1, 4, 4, 4, 7, 7, 7, 250, 250, 250));
  const five = { crop: 2, channels: 5, resizeIn: 'float32' } as const;
  assert.deepEqual(rgbOf(samplesOf(rgb, five), five), rgb);
});

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { before, describe, test } from 'node:test';
import sharp from 'sharp';
import { featureScores } from '../../../src/models/feature-scores.ts';
import { loadReportHead } from '../../../src/predict/load-head.ts';
import type { ImagePrediction } from '../../../src/predict/predict.ts';
import { predictPaths } from '../../../src/predict/predict-paths.ts';
import { featuretap } from '../../cli/command.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { type TrainedHeads, trainHeads } from '../trained.ts';

interface Image {
  readonly top: readonly { readonly class: string }[];
  readonly evidence?: { class: string; score: number; file?: string; map: number[][] };
}

describe('evidence maps of photos', { timeout: 300_000 }, () => {
  const root = temporaryFolder();
  let trained: TrainedHeads;
  let linear = '';
  let neighbours = '';
  let red = '';
  before(async () => {
    trained = await trainHeads(root, {
      models: [
        ['linear', { scale: 'standard', calibrate: 'none' }],
        ['knn', {}],
      ],
    });
    [linear = '', neighbours = ''] = trained.reports.map(({ report }) => report);
    red = join(trained.data, 'red/red-00.png');
  });

  const said = async (args: readonly string[]): Promise<readonly Image[]> => {
    const { stdout, stderr } = await featuretap(['predict', '--json', ...args]);
    assert.notEqual(stdout, '', stderr);
    return (JSON.parse(stdout) as { images: Image[] }).images;
  };

  test('the mean of a map is the logit behind the probabilities', async () => {
    const shipped = await loadReportHead(linear);
    const scores = (await featureScores(shipped.saved)) ?? assert.fail();
    const stdin = (async function* () {})();
    const paths = [join(trained.data, 'blue'), red];
    const options = { stdin, onFailure: () => assert.fail(), evidence: 'must' } as const;
    let count = 0;
    for await (const outcome of predictPaths(shipped, paths, options)) {
      const { predicted: best, probabilities, features, evidence } = outcome as ImagePrediction;
      assert.equal(evidence?.class, shipped.head.classes[best]);
      const logit = (c: number): number =>
        features.reduce(
          (sum, value, d) => sum + value * (scores.weights[c * features.length + d] as number),
          scores.bias[c] as number,
        );
      assert.ok(Math.abs((evidence?.score as number) - logit(best)) < 1e-4);
      const other = (best + 1) % probabilities.length;
      const odds = Math.log((probabilities[best] as number) / (probabilities[other] as number));
      assert.ok(Math.abs(odds - ((evidence?.score as number) - logit(other))) < 1e-3, 'as the head itself has it');
      count++;
    }
    assert.equal(count, 11);
  });

  test('--evidence writes a PNG of the crop for each photo, with its own name, and prints the names', async () => {
    const maps = join(root, 'maps');
    // The same id twice.
    const args = ['predict', '--head', linear, '--evidence', maps];
    const { stdout, stderr, status } = await featuretap([...args, red, red]);
    assert.equal(status, 0, stderr);
    assert.match(
      stdout,
      /red-00\.png {2}red .*\n {4}evidence for red: most at the (?:top|bottom) (?:left|right), .*maps.red-00\.evidence\.png\n/,
    );
    assert.deepEqual((await readdir(maps)).sort(), ['red-00-2.evidence.png', 'red-00.evidence.png']);
    const { width, height, format } = await sharp(join(maps, 'red-00.evidence.png')).metadata();
    assert.deepEqual([width, height, format], [64, 64, 'png']);
    const [image] = await said(['--head', linear, '--evidence', maps, red]);
    assert.equal(basename(image?.evidence?.file as string), 'red-00.evidence.png');
    const csv = (await featuretap([...args, '--csv', '--top', '1', red])).stdout;
    assert.match(csv, /^path,id,rank,class,probability,evidence\n.*,red-00,1,red,[\d.]+,.*red-00\.evidence\.png\n$/);
  });

  test('--why prints where the evidence is, with --json the map, and which heads have none', async () => {
    const [image] = await said(['--head', linear, '--why', red]);
    assert.equal(image?.evidence?.class, image?.top[0]?.class);
    const { map = [], score = 0 } = image?.evidence ?? {};
    assert.deepEqual([map.length, map[0]?.length], [2, 2], 'a crop of 64 pixels through strides of 32');
    assert.ok(Math.abs(map.flat().reduce((sum, value) => sum + value, 0) / 4 - score) < 1e-4);
    const text = (await featuretap(['predict', '--head', linear, '--why', red])).stdout;
    assert.match(text, /\n {4}like .*\n {4}evidence for red: most at the (?:top|bottom) (?:left|right)\n$/);
    const { stdout, stderr } = await featuretap(['predict', '--head', neighbours, '--why', '--json', red]);
    assert.equal((JSON.parse(stdout) as { images: Image[] }).images[0]?.evidence, undefined);
    assert.match(stderr, /no class activation map: the scores of knn are not linear/);
  });

  test('--evidence with a head without maps is rejected before any photo is read, and creates no folder', async () => {
    const maps = join(root, 'no-maps');
    const { status, stdout, stderr } = await featuretap(['predict', '--head', neighbours, '--evidence', maps, red]);
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, /has no class activation map[\s\S]*knn are not linear[\s\S]*--model linear/);
    await assert.rejects(readdir(maps));
  });
});

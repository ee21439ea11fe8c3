import assert from 'node:assert/strict';
import { cp, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { classify } from '../../src/classify/classify.ts';
import { joinSets } from '../../src/classify/data/join-sets.ts';
import type { LabelledData } from '../../src/classify/data/labelled-data.ts';
import { sideBySide } from '../../src/classify/data/side-by-side.ts';
import type { Report } from '../../src/classify/result/report.ts';
import { type FeatureSet, openFeatureSet } from '../../src/features/reader.ts';
import { createHead } from '../../src/models/registry.ts';
import { featureRecipe, openEmbedder } from '../../src/predict/embedder.ts';
import { loadReportHead } from '../../src/predict/load-head.ts';
import { type PredictPathsOptions, predictPaths } from '../../src/predict/predict-paths.ts';
import { openTrainingPhotos } from '../../src/predict/training-photos.ts';
import { UserError } from '../../src/system/errors.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../src/system/temporary-folder.ts';
import { featuretap } from '../cli/command.ts';
import { published } from '../extract/weights/hub/published.ts';
import { type Answer, post, serveReports } from '../serve/served.ts';
import { trainHeads } from './trained.ts';

let folder: TemporaryFolder;
let photos: string;
let resnetWeights: string;
let network: string;
let sets: readonly FeatureSet[];
let stored: LabelledData;
let report: Report;
before(async () => {
  folder = await makeTemporaryFolder('beside');
  network = join(folder.path, 'dinov2');
  await cp(join(published, 'dinov2'), network, { recursive: true });
  // The same photos twice; the networks have different crops, filters and means.
  const resnet = await trainHeads(join(folder.path, 'a'), { models: [], perClass: 6, precision: 'int8' });
  const vit = await trainHeads(join(folder.path, 'b'), { models: [], perClass: 6, published: network, pool: 'cls' });
  photos = resnet.data;
  resnetWeights = resnet.weights;
  sets = [await openFeatureSet(resnet.features), await openFeatureSet(vit.features)];
  stored = await sideBySide(joinSets(sets, { maxMissing: 0 }));
  const [made] = await classify(stored, {
    heads: [createHead('linear', {})],
    out: join(folder.path, 'reports'),
    ...{ testSize: 0.3, seed: 0, repeats: 1, checkLabels: false, threads: 2, command: 'featuretap classify' },
  });
  report = made as Report;
});
after(() => folder.remove());

const fails = (message: RegExp) => (error: unknown) => error instanceof UserError && message.test(error.message);

/** Class probabilities of every photo, by id. */
async function predictAll(options: Partial<PredictPathsOptions> = {}): Promise<Map<string, Float32Array>> {
  const found = new Map<string, Float32Array>();
  const onFailure = ({ reason }: { readonly reason: string }): void => assert.fail(reason);
  const asked = { stdin: process.stdin, onFailure, batch: 5, threads: 1, ...options };
  for await (const outcome of predictPaths(await loadReportHead(report.report), [photos], asked)) {
    if (outcome.outcome === 'predicted') found.set(outcome.image.id, outcome.probabilities);
  }
  return found;
}

test('gives a photo the probabilities of its stored rows side by side', async () => {
  const [resnet, vit] = sets.map(({ manifest }) => manifest.fields.preprocessing);
  assert.notEqual(resnet?.crop, vit?.crop);
  const { head } = await loadReportHead(report.report);
  const expected = await head.predictProba(stored.features);
  const found = await predictAll();
  assert.equal(found.size, stored.ids.length);
  for (const [row, id] of stored.ids.entries()) {
    const proba = found.get(id.split('/').at(-1) as string) ?? assert.fail(`no answer for ${id}`);
    proba.forEach((value, c) => {
      const wanted = expected.data[row * 4 + c] as number;
      assert.ok(Math.abs(value - wanted) < 1e-6, `${id}: ${value} is not ${wanted}`);
    });
  }
});

test('serve gives the results of predict, with the nearest training photos in both', async () => {
  const photo = join(photos, 'red/red-00.png');
  const said = await featuretap(['predict', '--head', report.report, '--json', '--why', '--unlike', photo]);
  assert.equal(said.status, 0, said.stderr);
  assert.match(said.stderr, /no class activation map: [^\n]*2 networks/);
  const [expected] = (JSON.parse(said.stdout) as Answer).images;
  const server = await serveReports([report.report]);
  try {
    const response = await post(`${server.url}`, await readFile(photo));
    assert.equal(response.status, 200);
    const { images } = (await response.json()) as Answer;
    assert.deepEqual(images[0]?.top, expected?.top);
  } finally {
    await server.close();
  }
  // A training photo is its own nearest one.
  const { likenessOf } = await openTrainingPhotos(report, 1);
  const row = report.perRepeat[0]?.train[0] as number;
  const { columnCount, data } = stored.features;
  const [nearest] = (await likenessOf(data.slice(row * columnCount, (row + 1) * columnCount))).like;
  assert.deepEqual([nearest?.id, nearest?.similarity.toFixed(5)], [stored.ids[row], '1.00000']);
  assert.equal(expected?.like?.length, 3);
});

test('needs no feature set, and finds a moved network by --weights', async () => {
  for (const set of sets) await rename(set.folder, `${set.folder}-gone`);
  const moved = join(folder.path, 'moved.safetensors');
  await rename(resnetWeights, moved);
  try {
    await assert.rejects(predictAll(), fails(/weights[\s\S]*gone[\s\S]*resnet-tiny/));
    assert.equal((await predictAll({ weights: moved })).size, stored.ids.length);
    const other = join(published, 'siglip/onnx/vision_model.onnx');
    await assert.rejects(predictAll({ weights: other }), fails(/of no network that made the features of this head/));
  } finally {
    await rename(moved, resnetWeights);
    for (const set of sets) await rename(`${set.folder}-gone`, set.folder);
  }
});

test('is rejected where one network is required, and where a report lacks the recipes of its networks', async () => {
  assert.throws(() => featureRecipe(report), fails(/2 networks side by side: predict and serve run several/));
  await assert.rejects(predictAll({ evidence: 'must' }), fails(/no class activation map/));
  const parts = report.featureSet.parts?.map(({ fields: _fields, madeBy: _madeBy, ...part }) => part) ?? [];
  const older = { ...report, featureSet: { ...report.featureSet, parts } };
  await assert.rejects(
    openEmbedder(older, { device: 'cpu' }),
    fails(/older version[\s\S]*run its classify command again/),
  );
});

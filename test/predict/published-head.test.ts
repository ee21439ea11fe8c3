import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Report } from '../../src/classify/result/report.ts';
import { openEmbedder } from '../../src/predict/embedder.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../src/system/temporary-folder.ts';
import { commits, repository, type ServedHub, serveHub } from '../extract/weights/hub/hub-server.ts';
import { published } from '../extract/weights/hub/published.ts';
import { type TrainedHeads, trainHeads } from './trained.ts';

let folder: TemporaryFolder;
let hub: ServedHub;
let trained: TrainedHeads;
const given = { ...process.env };
before(async () => {
  folder = await makeTemporaryFolder('published');
  hub = await serveHub(undefined, join(published, 'dinov2'));
  process.env['HF_ENDPOINT'] = hub.endpoint;
  process.env['FEATURETAP_CACHE_HOME'] = join(folder.path, 'home');
  trained = await trainHeads(folder.path, {
    models: [['linear', {}]],
    perClass: 6,
    published: `hf:${repository}`,
    variant: 'external',
    pool: 'cls+mean',
  });
});
after(async () => {
  process.env = given;
  await hub.close();
  await folder.remove();
});

function made(): Report {
  return trained.reports[0] as Report;
}

test('a report has the network with its commit and variant', () => {
  const { madeBy, fields } = made().featureSet;
  assert.equal(madeBy?.weights, `hf:${repository}@${commits[0]}`);
  assert.equal(madeBy?.weightsVariant, 'external');
  assert.deepEqual([fields?.architecture, fields?.tap, fields?.prefixTokens], ['dinov2', 'last_hidden_state', 1]);
});

test('a head opens its network from the cache offline, from a folder, and else from the hub', async () => {
  const asked = hub.hubAsked.length;
  await (await openEmbedder(made(), { device: 'cpu' })).close();
  assert.equal(hub.hubAsked.length, asked);
  const copy = join(folder.path, 'copy');
  await cp(join(published, 'dinov2'), copy, { recursive: true });
  await (await openEmbedder(made(), { device: 'cpu', weights: copy })).close();
  await rm(join(folder.path, 'home'), { recursive: true });
  await (await openEmbedder(made(), { device: 'cpu' })).close();
  assert.ok(hub.hubAsked.length > asked);
});

test('a head rejects another commit of the network with another graph', async () => {
  await cp(join(published, 'dinov2-registers'), join(folder.path, 'other'), { recursive: true });
  const other = join(folder.path, 'other/onnx/model.onnx');
  await assert.rejects(openEmbedder(made(), { device: 'cpu', weights: other }), /another backbone/);
});

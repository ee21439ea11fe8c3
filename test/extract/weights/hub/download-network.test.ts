import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { downloadNetwork, type HubOptions } from '../../../../src/extract/weights/hub/download-network.ts';
import { type HubName, parseHubName } from '../../../../src/extract/weights/hub/hub-name.ts';
import { readNetworkFolder } from '../../../../src/extract/weights/hub/network-folder.ts';
import { makeTemporaryFolder } from '../../../../src/system/temporary-folder.ts';
import { commits, filesOf, repository, type ServedHub, serveHub } from './hub-server.ts';
import { published } from './published.ts';

const dinov2 = join(published, 'dinov2');
const main = parseHubName(`hf:${repository}`) as HubName;
const pinned = (commit: string | undefined): HubName => parseHubName(`hf:${repository}@${commit}`) as HubName;

interface Started {
  readonly hub: ServedHub;
  readonly cacheFolder: string;
  get(name?: HubName, options?: Partial<HubOptions>): ReturnType<typeof downloadNetwork>;
}

async function start(context: TestContext, env: NodeJS.ProcessEnv = {}): Promise<Started> {
  const hub = await serveHub(context, dinov2);
  const folder = await makeTemporaryFolder('hub');
  context.after(() => folder.remove());
  return {
    hub,
    cacheFolder: folder.path,
    get: (name = main, options = {}) =>
      downloadNetwork(name, {
        variant: undefined,
        cacheFolder: folder.path,
        env: { HF_ENDPOINT: hub.endpoint, ...env },
        ...options,
      }),
  };
}

const graphs = (hub: ServedHub): number => hub.storageAsked.length;

test('downloads the files that are needed once, complete, under the commit of the revision', async (context) => {
  const { hub, get } = await start(context);
  const { folder, pinned } = await get();
  assert.equal(pinned, `hf:${repository}@${commits[0]}`);
  for (const path of ['config.json', 'preprocessor_config.json', 'onnx/model.onnx'])
    assert.deepEqual(readFileSync(join(folder, path)), readFileSync(join(dinov2, path)), path);
  assert.ok(!existsSync(join(folder, 'onnx/model_external.onnx')));
  assert.equal((await readNetworkFolder(folder, undefined)).published.architecture, 'dinov2');
  await get();
  assert.equal(graphs(hub), 1);
});

test('the text encoder is downloaded on demand to the same folder, without what is already there', async (context) => {
  const { hub, get } = await start(context);
  hub.files = filesOf(join(published, 'clip'));
  const images = await get();
  assert.ok(!existsSync(join(images.folder, 'tokenizer.json')));
  const { folder, pinned } = await get(main, { tower: 'text' });
  assert.deepEqual([folder, pinned], [images.folder, images.pinned]);
  for (const path of ['tokenizer.json', 'tokenizer_config.json', 'onnx/text_model.onnx'])
    assert.deepEqual(readFileSync(join(folder, path)), readFileSync(join(published, 'clip', path)), path);
  assert.equal(graphs(hub), 2);
  await get(main, { tower: 'text' });
  await get();
  assert.equal(graphs(hub), 2);
  hub.files = filesOf(dinov2);
  hub.commit = commits[1] as string;
  await assert.rejects(get(main, { tower: 'text' }), /text encoder of this network is not published/);
});

test('a variant includes the file with its tensors', async (context) => {
  const { get } = await start(context);
  const { folder } = await get(main, { variant: 'external' });
  const { graph } = await readNetworkFolder(folder, 'external');
  assert.ok(graph.model.graph.initializer.length > 0);
  await assert.rejects(get(main, { variant: 'fp16' }), /no variant fp16[\s\S]*--variant external/);
});

test('a commit that is in the cache is read without asking the hub', async (context) => {
  const { hub, get } = await start(context);
  await get();
  const before = hub.hubAsked.length;
  await get(pinned(commits[0]));
  assert.equal(hub.hubAsked.length, before);
});

test('a moved branch is another network', async (context) => {
  const { hub, get } = await start(context);
  const one = await get();
  hub.commit = commits[1] as string;
  hub.files.set('onnx/model.onnx', readFileSync(join(published, 'dinov2-registers/onnx/model.onnx')));
  const other = await get();
  assert.equal(other.pinned, `hf:${repository}@${commits[1]}`);
  assert.notEqual(other.folder, one.folder);
  assert.equal((await get(pinned(commits[0]))).folder, one.folder);
});

test('the token is sent to the hub alone, not to the host that serves the file', async (context) => {
  const { hub, get, cacheFolder } = await start(context, { HF_TOKEN: 'hf_secret' });
  hub.token = 'hf_secret';
  const { folder } = await get();
  assert.ok(hub.hubAsked.length > 3 && hub.hubAsked.every(({ authorization }) => authorization === 'Bearer hf_secret'));
  assert.deepEqual(
    hub.storageAsked.map(({ authorization }) => authorization),
    [undefined],
  );
  const kept = readFileSync(join(cacheFolder, 'hub', repository.replace('/', '--'), `${commits[0]}.json`), 'utf8');
  assert.ok(!kept.includes('hf_secret') && !kept.includes('s3cret') && folder !== '');
});

test("errors contain no token and no signature, and a gated repository's says how to get access", async (context) => {
  const { hub, get } = await start(context, { HF_TOKEN: 'hf_wrong' });
  hub.token = 'hf_right';
  await assert.rejects(get(), (error: Error) => {
    assert.match(error.message, /401[\s\S]*accept the licence[\s\S]*HF_TOKEN/);
    assert.ok(!error.message.includes('hf_wrong'));
    return true;
  });
  hub.token = undefined;
  hub.wrongBytes = Buffer.alloc(100);
  await assert.rejects(get(), (error: Error) => {
    assert.match(error.message, /a different file/);
    assert.ok(!error.message.includes('s3cret') && !error.message.includes('hf_wrong'));
    return true;
  });
});

test('continues a download that was broken off', async (context) => {
  const { hub, get } = await start(context);
  hub.breakAfter = 30_000;
  const { folder } = await get(main, { onProgress: hub.onProgress });
  assert.deepEqual(readFileSync(join(folder, 'onnx/model.onnx')), readFileSync(join(dinov2, 'onnx/model.onnx')));
  assert.deepEqual(
    hub.storageAsked.map(({ range }) => range),
    [undefined, 'bytes=30000-', 'bytes=60000-'],
  );
});

test("a file that differs from the hub's headers is not kept", async (context) => {
  const { hub, get } = await start(context);
  const graph = hub.files.get('onnx/model.onnx') as Buffer;
  hub.wrongBytes = Buffer.from(graph);
  hub.wrongBytes[1000] = (hub.wrongBytes[1000] as number) ^ 1;
  await assert.rejects(get(), /a different file/);
  hub.wrongBytes = Buffer.concat([graph, graph]);
  await assert.rejects(get(), /sends more than/);
  hub.wrongBytes = undefined;
  assert.ok(existsSync(join((await get()).folder, 'onnx/model.onnx')));
});

test('a damaged file in the cache is downloaded again', async (context) => {
  const { hub, get } = await start(context);
  const { folder } = await get();
  for (const path of ['onnx/model.onnx', 'config.json']) {
    const bytes = readFileSync(join(folder, path));
    bytes[20] = (bytes[20] as number) ^ 1;
    writeFileSync(join(folder, path), bytes);
  }
  writeFileSync(`${folder}.json`, '{"commit"');
  await get();
  assert.equal(graphs(hub), 2);
  assert.deepEqual(readFileSync(join(folder, 'config.json')), readFileSync(join(dinov2, 'config.json')));
});

test('offline only the cache is read, and without a file the error says which to put where', async (context) => {
  const { hub, get } = await start(context);
  const offline = { env: { HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: '1' } };
  await assert.rejects(
    get(main, offline),
    /HF_HUB_OFFLINE[\s\S]*config.json[\s\S]*onnx\/model.onnx[\s\S]*--weights FOLDER/,
  );
  assert.equal(hub.hubAsked.length, 0);
  const { folder } = await get();
  const asked = hub.hubAsked.length;
  assert.equal((await get(main, offline)).folder, folder);
  assert.equal((await get(main, { offline: true })).folder, folder);
  assert.equal(hub.hubAsked.length, asked);
});

test('without an answer of the hub the cache is used with a warning, or the error names a fix', async (context) => {
  const { hub, get } = await start(context);
  const { folder } = await get();
  await hub.close();
  const again = await get();
  assert.equal(again.folder, folder);
  assert.match(again.warnings.join(), /does not answer[\s\S]*from the cache/);
  await assert.rejects(get(pinned(commits[1])), /cannot be reached[\s\S]*--weights FOLDER/);
});

test('a missing repository or revision is rejected by its name', async (context) => {
  const { get } = await start(context);
  await assert.rejects(get(parseHubName('hf:nobody/nothing') as HubName), /no such network[\s\S]*404/);
  await assert.rejects(get(parseHubName(`hf:${repository}@v2`) as HubName), /v2/);
});

test('invalid names of a repository are wrong usage', () => {
  for (const name of ['hf:', 'hf:x', 'hf:../x', 'hf:a/..', 'hf:a/b/c', 'hf:a/b@', 'hf:a/b@../../x', 'hf:a/b@x y'])
    assert.throws(() => parseHubName(name), /hf:OWNER\/NAME/, name);
  assert.deepEqual(parseHubName('hf:a/b@refs/pr/1'), { owner: 'a', name: 'b', revision: 'refs/pr/1' });
  assert.equal(parseHubName('resnet50'), undefined);
});

test('an endpoint with a password in it is rejected, and the message does not repeat it', async (context) => {
  const { get } = await start(context);
  const env = { HF_ENDPOINT: 'https://me:hunter2@example.org' };
  await assert.rejects(get(main, { env }), (error: Error) => !error.message.includes('hunter2'));
});

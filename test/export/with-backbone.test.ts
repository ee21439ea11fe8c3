import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Report } from '../../src/classify/result/report.ts';
import { exportVerb } from '../../src/cli/export.ts';
import type { Preprocessing } from '../../src/features/manifest/manifest.ts';
import { featureRecipe, openEmbedder } from '../../src/predict/embedder.ts';
import { openInputs } from '../../src/predict/inputs.ts';
import { loadReportHead } from '../../src/predict/load-head.ts';
import { predictImages } from '../../src/predict/predict.ts';
import { featuretap, quietSession } from '../cli/command.ts';
import { openPlainPipeline } from '../extract/drawn-data.ts';
import { type TrainedHeads, trainHeads } from '../predict/trained.ts';
import { projectRoot } from '../reference.ts';
import { type Answer, post, serveReports } from '../serve/served.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const python = '/usr/bin/python3';
const hasChecker = spawnSync(python, ['-c', 'import onnx']).status === 0;
/** Packages for the Python example in the docs; $FEATURETAP_PYTHON may name an interpreter that has them. */
const snippetPython = process.env['FEATURETAP_PYTHON'] ?? python;
const hasRuntime = spawnSync(snippetPython, ['-c', 'import onnxruntime, PIL']).status === 0;

const root = temporaryFolder();
let trained: TrainedHeads;
before(async () => {
  const models = [
    ['linear', {}],
    ['svm', { kernel: 'rbf', scale: 'standard' }],
    ['forest', { trees: 10 }],
  ] as const;
  trained = await trainHeads(root, { models, perClass: 4 });
});

/** Pixels in torchvision's form: NCHW, (x / 255 - mean) / std. */
function normalize(bytes: Uint8Array, { crop, mean, std }: Preprocessing): Float32Array {
  const plane = crop * crop;
  const out = new Float32Array(3 * plane);
  for (let i = 0; i < bytes.length; i++) {
    const channel = i % 3;
    out[channel * plane + Math.floor(i / 3)] =
      ((bytes[i] as number) / 255 - (mean[channel] as number)) / (std[channel] as number);
  }
  return out;
}

async function compareOnPhotos(file: string, report: Report, data = trained.data): Promise<number> {
  const { preprocessing } = featureRecipe(report).fields;
  const { crop } = preprocessing;
  const { head } = await loadReportHead(report.report);
  const embedder = await openEmbedder(report, { device: 'cpu' });
  const pipeline = openPlainPipeline(preprocessing);
  const session = await InferenceSession.create(file);
  const inputs = () =>
    openInputs([data], { stdin: process.stdin, onFailure: ({ reason }) => assert.fail(reason) }).images;
  const pixels = new Map<string, Uint8Array>();
  for await (const result of pipeline.decode(inputs())) {
    if (result.outcome === 'pixels') pixels.set(result.image.id, result.pixels);
  }
  let worst = 0;
  for await (const outcome of predictImages(inputs(), { pipeline, embedder, head, batch: 4 })) {
    if (outcome.outcome !== 'predicted') continue;
    const input = normalize(pixels.get(outcome.image.id) as Uint8Array, preprocessing);
    const found = await session.run({
      [session.inputNames[0] as string]: new Tensor('float32', input, [1, 3, crop, crop]),
    });
    const data = found['probabilities']?.data as Float32Array;
    outcome.probabilities.forEach((value, c) => {
      worst = Math.max(worst, Math.abs(value - (data[c] as number)));
    });
  }
  await pipeline.close();
  await embedder.close();
  return worst;
}

describe('featuretap export', () => {
  test('--with-backbone joins a fine-tuned network and its head, from pixels to probabilities', async () => {
    const maps = { tap: 'layer3', pool: 'none', dtype: 'float16', perClass: 4 } as const;
    const tuned = await trainHeads(join(root, 'tuned'), { models: [['finetune', { epochs: 2 }]], ...maps });
    const [report] = tuned.reports as [Report];
    const file = join(root, 'tuned.onnx');
    const { status, stderr } = await featuretap(['export', '--head', report.report, '--to', file, '--with-backbone']);
    assert.equal(status, 0, stderr);
    const worst = await compareOnPhotos(file, report, tuned.data);
    assert.ok(worst < 1e-3, `off by ${worst}`);
  });

  for (const model of ['linear', 'svm', 'forest'] as const) {
    test(`--with-backbone computes the probabilities of predict from pixels: ${model}`, async () => {
      const report = trained.reports.find((candidate) => candidate.model === model) as Report;
      const file = join(root, `${model}.onnx`);
      const { status, stderr, stdout } = await featuretap([
        'export',
        '--head',
        report.report,
        '--to',
        file,
        '--with-backbone',
      ]);
      assert.equal(status, 0, stderr);
      assert.match(stdout, /pixels float32 \[batch, 3, 64, 64\] to probabilities and label/);
      const worst = await compareOnPhotos(file, report);
      assert.ok(worst <= 1e-5, `${worst} off`);
    });
  }

  test('--with-backbone computes the probabilities of predict with the quantized network of an int8 set', async () => {
    const quantized = await trainHeads(join(root, 'int8'), {
      models: [['linear', {}]],
      perClass: 4,
      precision: 'int8',
    });
    const report = quantized.reports[0] as Report;
    const file = join(root, 'int8.onnx');
    const { status, stderr } = await featuretap(['export', '--head', report.report, '--to', file, '--with-backbone']);
    assert.equal(status, 0, stderr);
    const worst = await compareOnPhotos(file, report, quantized.data);
    assert.ok(worst <= 1e-5, `${worst} off`);
    if (!hasChecker) return;
    const script = 'import onnx, sys\nonnx.checker.check_model(onnx.load(sys.argv[1]), full_check=True)';
    const checked = spawnSync(python, ['-c', script, file], { encoding: 'utf8' });
    assert.equal(checked.status, 0, checked.stderr);
  });

  for (const pool of ['cls', 'mean', 'cls+mean'] as const) {
    test(`--with-backbone computes the probabilities of predict with a published transformer: ${pool}`, async () => {
      const ofTokens = await trainHeads(join(root, pool), {
        models: [['linear', {}]],
        perClass: 4,
        published: join(projectRoot, 'test/fixtures/hub/dinov2'),
        pool,
      });
      const report = ofTokens.reports[0] as Report;
      const file = join(root, `${pool}.onnx`);
      await exportVerb.run({ head: report.report, to: file, 'with-backbone': true }, quietSession);
      const worst = await compareOnPhotos(file, report, ofTokens.data);
      assert.ok(worst <= 1e-5, `${worst} off`);
    });
  }

  for (const name of ['dinov2', 'convnext'] as const) {
    test(`predict, serve and export --with-backbone agree for an int8 graph: ${name}`, async () => {
      const { reports, data } = await trainHeads(join(root, `${name}-int8`), {
        models: [['linear', {}]],
        perClass: 4,
        published: join(projectRoot, 'test/fixtures/hub', name),
        precision: 'int8',
      });
      const [report] = reports as [Report];
      assert.equal(featureRecipe(report).fields.precision, 'int8');
      const file = join(root, `${name}-int8.onnx`);
      await exportVerb.run({ head: report.report, to: file, 'with-backbone': true }, quietSession);
      const worst = await compareOnPhotos(file, report, data);
      assert.ok(worst <= 1e-5, `${worst} off`);
      const photo = join(data, 'red', 'red-01.png');
      const server = await serveReports([report.report]);
      try {
        const form = new FormData();
        form.set('photo', new Blob([await readFile(photo)]), 'red-01.png');
        const served = (await (await post(server.url, form)).json()) as Answer;
        const { stdout } = await featuretap(['predict', '--head', report.report, '--json', photo]);
        const predicted = JSON.parse(stdout) as Answer;
        assert.deepEqual(served.images[0]?.top, predicted.images[0]?.top);
        assert.ok((served.images[0]?.top[0]?.probability ?? 0) > 0.3, 'no more than chance');
      } finally {
        await server.close();
      }
    });
  }

  test('--json prints what was written, and that it was checked', async () => {
    const report = trained.reports[0] as Report;
    const file = join(root, 'head.onnx');
    const { status, stdout, stderr } = await featuretap(['export', '--head', report.report, '--to', file, '--json']);
    assert.equal(status, 0, stderr);
    const document = JSON.parse(stdout) as { inputShape: unknown; largestDifference: number };
    assert.deepEqual(document.inputShape, ['batch', 256]);
    assert.ok(document.largestDifference <= 1e-5);
  });

  test('without --head or --to is wrong usage', async () => {
    const { report = '' } = trained.reports[0] ?? {};
    await assert.rejects(exportVerb.run({ to: 'x.onnx' }, quietSession), /--head is missing/);
    await assert.rejects(exportVerb.run({ head: report }, quietSession), /--to FILE\.onnx/);
  });

  test('a name without .onnx is answered with the corrected command', async () => {
    const { report } = trained.reports[0] as Report;
    const { status, stderr } = await featuretap(['export', '--head', report, '--to', 'head.pb']);
    assert.equal(status, 2);
    assert.match(stderr, /expected: --to FILE\.onnx\n {2}fix: .*export.* --to head\.onnx/);
  });

  test('overwrites its own file, and another one only with --replace', async () => {
    const { report } = trained.reports[0] as Report;
    const file = join(root, 'there.onnx');
    const args = ['export', '--head', report, '--to', file];
    await writeFile(file, 'notes');
    const refused = await featuretap(args);
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /exists already, and export did not write it[\s\S]*fix: +--replace/);
    assert.equal(await readFile(file, 'utf8'), 'notes');
    for (const more of [['--replace'], []]) assert.equal((await featuretap([...args, ...more])).status, 0);
  });

  test('the Python example in the docs runs and gives the probability of predict', {
    skip: !hasRuntime && 'skipped: python3 has no onnxruntime and Pillow; $FEATURETAP_PYTHON may name one that has',
  }, async () => {
    const docs = await readFile(join(projectRoot, 'docs/export.md'), 'utf8');
    const snippet = /```python\n([\s\S]*?)```/.exec(docs)?.[1] ?? assert.fail('docs/export.md has no Python snippet');
    const report = trained.reports.find((candidate) => candidate.model === 'linear') as Report;
    for (const colour of ['red', 'blue']) {
      const photo = join(trained.data, colour, `${colour}-01.png`);
      const { stdout } = await featuretap(['predict', '--head', report.report, '--json', '--top', '1', photo]);
      const [top] =
        (JSON.parse(stdout) as { images: { top: { class: string; probability: number }[] }[] }).images[0]?.top ?? [];
      const args = ['-c', snippet, join(root, 'linear.onnx'), photo];
      const run = spawnSync(snippetPython, args, { encoding: 'utf8' });
      assert.equal(run.status, 0, run.stderr);
      const [label, probability] = run.stdout.trim().split(' ');
      assert.equal(label, top?.class);
      assert.ok(Math.abs(Number(probability) - (top?.probability ?? 0)) < 1e-5, run.stdout);
    }
  });

  test('the Node example in the docs runs and names the class of predict', async () => {
    const docs = await readFile(join(projectRoot, 'docs/export.md'), 'utf8');
    const snippet = /```js\n([\s\S]*?)```/.exec(docs)?.[1] ?? assert.fail('docs/export.md has no Node snippet');
    const report = trained.reports.find((candidate) => candidate.model === 'linear') as Report;
    const photo = join(trained.data, 'red', 'red-00.png');
    const { stdout } = await featuretap(['predict', '--head', report.report, '--json', '--top', '1', photo]);
    const expected = (JSON.parse(stdout) as { images: { top: { class: string }[] }[] }).images[0]?.top[0]?.class;
    const run = spawnSync(process.execPath, ['--input-type=module', '-', join(root, 'linear.onnx'), photo], {
      input: snippet,
      cwd: projectRoot,
      encoding: 'utf8',
    });
    assert.equal(run.status, 0, run.stderr);
    assert.ok(run.stdout.startsWith(`${expected} `), run.stdout);
  });
});

import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import type { Report } from '../../src/classify/result/report.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { featureRecipe, openEmbedder } from '../../src/predict/embedder.ts';
import { openInputs } from '../../src/predict/inputs.ts';
import { loadReportHead } from '../../src/predict/load-head.ts';
import { predictImages } from '../../src/predict/predict.ts';
import { UserError } from '../../src/system/errors.ts';
import { fixture } from '../extract/backbone/fixtures.ts';
import { openPlainPipeline } from '../extract/drawn-data.ts';
import { drawReport } from '../report/drawn-report.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type TrainedHeads, trainHeads } from './trained.ts';

const root = temporaryFolder();
let trained: TrainedHeads;
before(async () => {
  trained = await trainHeads(root, { models: [['linear', {}]] });
});

const report = (): Report => trained.reports[0] as Report;
const fails = (message: RegExp) => (error: unknown) => error instanceof UserError && message.test(error.message);

/** Class probabilities of every photo in a data folder, by id. */
async function predictAll(
  from: Report,
  data: string = trained.data,
  weights?: string,
): Promise<Map<string, readonly number[]>> {
  const { head } = await loadReportHead(from.report);
  const embedder = await openEmbedder(from, { device: 'cpu', ...(weights === undefined ? {} : { weights }) });
  const pipeline = openPlainPipeline(embedder.recipe);
  const inputs = openInputs([data], { stdin: process.stdin, onFailure: ({ reason }) => assert.fail(reason) });
  const found = new Map<string, readonly number[]>();
  for await (const outcome of predictImages(inputs.images, { pipeline, embedder, head, batch: 3 })) {
    if (outcome.outcome === 'predicted') found.set(outcome.image.id, [...outcome.probabilities]);
  }
  await pipeline.close();
  await embedder.close();
  return found;
}

describe('predict', () => {
  test('gives an image exactly the probabilities of its row in the feature set', async () => {
    const set = await openFeatureSet(trained.features);
    const { head } = await loadReportHead(report().report);
    const expected = await head.predictProba(await set.readMatrix());
    const found = await predictAll(report());
    assert.equal(found.size, set.imageCount);
    set.ids.forEach((id, row) => {
      const proba = found.get(id.split('/').at(-1) as string) ?? assert.fail(`no answer for ${id}`);
      proba.forEach((value, c) => {
        const wanted = expected.data[row * 4 + c] as number;
        assert.ok(Math.abs(value - wanted) < 1e-6, `${id}: ${value} is not ${wanted}`);
      });
    });
  });

  test('works when the cache and the photos are gone', async () => {
    const gone = `${trained.features}-gone`;
    await rename(trained.features, gone);
    try {
      assert.equal((await predictAll(report())).size, 40);
    } finally {
      await rename(gone, trained.features);
    }
  });

  test('heads on whole maps, float16 and int8 features accept images too', async () => {
    for (const options of [{ pool: 'none' }, { dtype: 'float16' }, { precision: 'int8' }] as const) {
      const folder = await mkdtemp(join(root, 'other-'));
      const other = await trainHeads(folder, { models: [['linear', {}]], perClass: 5, ...options });
      const found = await predictAll(other.reports[0] as Report, other.data);
      const set = await openFeatureSet(other.features);
      const { head } = await loadReportHead((other.reports[0] as Report).report);
      const expected = await head.predictProba(await set.readMatrix());
      assert.equal(found.size, set.imageCount);
      set.ids.forEach((id, row) => {
        const proba = found.get(id.split('/').at(-1) as string) ?? [];
        proba.forEach((value, c) => {
          assert.ok(Math.abs(value - (expected.data[row * 4 + c] as number)) < 1e-6, id);
        });
      });
    }
  });
});

describe('the backbone of a head', () => {
  test('is rejected when its weights differ, with both hashes', async () => {
    const { fields } = featureRecipe(report());
    const other: Report = {
      ...report(),
      featureSet: { ...report().featureSet, fields: { ...fields, weightsSha256: 'ab'.repeat(32) } },
    };
    await assert.rejects(
      openEmbedder(other, { device: 'cpu' }),
      fails(new RegExp(`another backbone[\\s\\S]*${fields.weightsSha256}[\\s\\S]*${'ab'.repeat(32)}`)),
    );
  });

  test('is found by --weights after a move, and its absence is reported', async () => {
    const moved = join(root, 'moved.safetensors');
    await rename(trained.weights, moved);
    try {
      await assert.rejects(openEmbedder(report(), { device: 'cpu' }), fails(/weights[\s\S]*gone[\s\S]*--weights FILE/));
      assert.equal((await predictAll(report(), trained.data, moved)).size, 40);
      await assert.rejects(
        openEmbedder(report(), { device: 'cpu', weights: fixture('user.onnx') }),
        fails(/another backbone/),
      );
    } finally {
      await rename(moved, trained.weights);
    }
  });

  test('is unknown for features that came as a matrix', async () => {
    await assert.rejects(
      openEmbedder(drawReport().report, { device: 'cpu' }),
      fails(/matrix that featuretap did not make/),
    );
  });
});

describe('a saved head', () => {
  test("together with another head's report is rejected", async () => {
    const folder = join(root, 'mixed');
    await mkdir(folder);
    await copyFile(join(report().report, 'head.safetensors'), join(folder, 'head.safetensors'));
    await assert.rejects(loadReportHead(folder), fails(/report\.json/));
    for (const file of await readdir(report().report)) await copyFile(join(report().report, file), join(folder, file));
    const classes = ['a', 'b', 'c', 'd'];
    const perClass = report().perClass.map((figures, c) => ({ ...figures, name: classes[c] }));
    await writeFile(join(folder, 'report.json'), JSON.stringify({ ...report(), classes, perClass }));
    await assert.rejects(loadReportHead(folder), fails(/not the one of its report/));
  });

  test('is found by its folder or by a file in it', async () => {
    assert.equal((await loadReportHead(report().report)).head.model, 'linear');
    assert.equal((await loadReportHead(join(report().report, 'report.json'))).head.model, 'linear');
    await assert.rejects(loadReportHead(join(root, 'nowhere')), fails(/no saved head/));
  });
});

import assert from 'node:assert/strict';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { chooseHeads } from '../../src/classify/choose-heads.ts';
import { type ClassifyOptions, classify } from '../../src/classify/classify.ts';
import { joinLabels, type LabelledData } from '../../src/classify/data/labelled-data.ts';
import type { Report } from '../../src/classify/result/report.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { encodeSafetensors } from '../../src/formats/safetensors.ts';
import type { Head } from '../../src/models/model.ts';
import { createHead, headKinds, loadHead } from '../../src/models/registry.ts';
import { headFile, readSavedHead, writeSavedHead } from '../../src/models/saved-head.ts';
import { loadReportHead } from '../../src/predict/load-head.ts';
import { readRun } from '../../src/report/analysis/run.ts';
import type { Table } from '../../src/rows/table.ts';
import type { UserError } from '../../src/system/errors.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { drawRows, makeDrawnSet } from './drawn-set.ts';

const context = { seed: 0, threads: 1 };

/** 40 rows of two classes, all numbers times `factor`. */
function table(factor: number): Table {
  const features = drawRows(40, 6, 2, 3);
  return {
    features: { ...features, data: features.data.map((value) => value * factor) },
    labels: Int32Array.from({ length: 40 }, (_, row) => row % 2),
    classes: ['cat', 'dog'],
  };
}

describe('a number that is not finite', () => {
  const root = temporaryFolder();
  let report: Report;
  before(async () => {
    await makeDrawnSet(join(root, 'drawn'), { rows: 80 });
    report = (await classify(await drawn(), options([createHead('ridge')])))[0] as Report;
  });

  async function drawn(): Promise<LabelledData> {
    return joinLabels(await openFeatureSet(join(root, 'drawn')), { maxMissing: 0 });
  }
  function options(heads: readonly Head[], change: Partial<ClassifyOptions> = {}): ClassifyOptions {
    const command = 'featuretap classify --model ridge';
    return { heads, testSize: 0.25, seed: 0, repeats: 1, threads: 1, out: join(root, 'reports'), command, ...change };
  }
  /** A copy of the report's folder, to be damaged. */
  async function copied(name: string): Promise<string> {
    const folder = join(root, name);
    await cp(report.report, folder, { recursive: true });
    return folder;
  }

  // Zero-shot does not train on rows.
  for (const { model } of headKinds.filter((kind) => kind.model !== 'zero-shot')) {
    for (const [factor, size] of [
      [1e-42, 'small'],
      [1e30, 'large'],
    ] as const) {
      it(`is not produced from features times ${factor}: ${model} rejects them and suggests scaling`, async () => {
        const fit = createHead(model, { calibrate: 'none' }).fit(table(factor), context);
        await assert.rejects(fit, new RegExp(`far too ${size} to train on[\\s\\S]*--scale standard`));
      });
    }
  }

  it('is not produced from the same features after scaling', async () => {
    for (const factor of [1e-42, 1e30]) {
      const { features, labels } = table(factor);
      const fitted = await createHead('ridge', { scale: 'standard' }).fit(table(factor), context);
      const right = (await fitted.predict(features)).filter((found, row) => found === labels[row]).length;
      assert.ok(right > 35, `${right} of 40`);
    }
  });

  it('stops only the head that produced it, and its report is not written', async () => {
    const good = createHead('ridge');
    const bad: Head = {
      ...good,
      model: 'nothing',
      fit: async (train, given) => {
        const fitted = await good.fit(train, given);
        return {
          ...fitted,
          model: 'nothing',
          predictBoth: async (features, asked) => {
            const { predicted, probabilities } = await fitted.predictBoth(features, asked);
            return { predicted, probabilities: { ...probabilities, data: probabilities.data.fill(Number.NaN) } };
          },
        };
      },
    };
    const failures: string[] = [];
    const out = join(root, 'several');
    const onFailure = (head: Head, error: UserError): number => failures.push(`${head.model}: ${error.message}`);
    const reports = await classify(await drawn(), options([bad, good], { out, onFailure }));
    assert.deepEqual([reports.map(({ model }) => model), failures.length], [['ridge'], 1]);
    assert.match(failures[0] as string, /^nothing: the nothing head gives invalid probabilities[\s\S]*NaN/);
    assert.equal((await readdir(join(out, 'drawn'))).length, 1);
    await assert.rejects(classify(await drawn(), options([bad, good], { out })), /gives invalid probabilities/);
  });

  it('is rejected in a head, with the name of its array, on writing and on reading', async () => {
    const folder = await copied('with-nan');
    const saved = await readSavedHead(folder);
    const [name, array] = Object.entries(saved.arrays).find(([, { data }]) => data instanceof Float32Array) ?? [];
    assert.ok(name !== undefined && array !== undefined);
    const arrays = {
      ...saved.arrays,
      [name]: { ...array, data: Float32Array.from(array.data).fill(Number.NaN, 0, 1) },
    };
    const expected = new RegExp(`has parameters that are not numbers[\\s\\S]*${headFile}, array ${name}, number 0`);
    await assert.rejects(writeSavedHead(folder, { ...saved, arrays }), expected);
    const { arrays: _, ...rest } = saved;
    const metadata = { format: 'featuretap head, version 1', head: JSON.stringify(rest) };
    await writeFile(join(folder, headFile), encodeSafetensors(arrays, metadata));
    await assert.rejects(readSavedHead(folder), expected);
  });

  it('is rejected in the predictions of a head whose parameters are finite', async () => {
    const saved = await readSavedHead(report.report);
    const huge = Object.fromEntries(
      Object.entries(saved.arrays).map(([name, array]) => {
        const data = array.data instanceof Float32Array ? array.data.map(() => 3e38) : array.data;
        return [name, { ...array, data }];
      }),
    );
    const { features } = table(1e6);
    const wide = {
      rowCount: 2,
      columnCount: saved.dims,
      data: new Float32Array(2 * saved.dims).fill(features.data[0] as number),
    };
    await assert.rejects(loadHead({ ...saved, arrays: huge }).predictProba(wide), /gives invalid probabilities/);
  });

  it('the report says so where a head predicts one class for every image', async () => {
    const svm = chooseHeads(['svm'], { kernel: 'rbf', gamma: 1e300 });
    // As many neighbours as rows, each with one vote.
    const knn = chooseHeads(['knn'], { k: 1000, votes: 'uniform' });
    for (const [[head], cause] of [
      [svm, 'gamma or C'],
      [knn, 'k'],
    ] as const) {
      const [found] = await classify(await drawn(), options([head as Head]));
      const wanted = new RegExp(`the same class for every test image, kind-\\d: ${cause} is too large`);
      assert.ok(
        found?.warnings.some((warning) => wanted.test(warning)),
        `${found?.warnings}`,
      );
    }
    assert.ok(!report.warnings.some((warning) => /predicts the same class for every test image/.test(warning)));
  });

  it('is detected when a bit is flipped in a saved head or in its predictions', async () => {
    const folder = await copied('flipped');
    const bytes = await readFile(join(folder, headFile));
    bytes[bytes.length - 2]! ^= 1;
    await writeFile(join(folder, headFile), bytes);
    await assert.rejects(
      loadReportHead(folder),
      /not the one that its report was written with[\s\S]*head\.safetensors/,
    );
    const predictions = join(folder, 'predictions.csv');
    await writeFile(
      predictions,
      (await readFile(predictions, 'utf8')).replace(/\d(?=\n$)/, (digit) => String(9 - Number(digit))),
    );
    await assert.rejects(
      readRun({ ...report, report: folder }, 'ridge'),
      /not those that their report was written with[\s\S]*predictions\.csv/,
    );
  });

  it('is also detected in reports of older versions, which have no hashes of their files', async () => {
    const folder = await copied('older');
    const { headSha256, predictionsSha256, ...older } = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8'));
    assert.match(`${headSha256} ${predictionsSha256}`, /^[0-9a-f]{64} [0-9a-f]{64}$/);
    await writeFile(join(folder, 'report.json'), JSON.stringify(older));
    const { head, report: read } = await loadReportHead(folder);
    assert.equal(head.model, 'ridge');
    assert.equal((await readRun(read, 'ridge')).predictions?.length, 20);
  });
});

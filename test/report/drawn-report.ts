import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRandom } from '../../scripts/demo/random.ts';
import { formatPredictions, type Prediction } from '../../src/classify/result/predictions.ts';
import type { Report } from '../../src/classify/result/report.ts';

export interface Drawing {
  readonly model?: string;
  readonly params?: Report['params'];
  /** Share of test images that the head predicts correctly. */
  readonly skill?: number;
  readonly classCount?: number;
  readonly perClassCount?: number;
  readonly repeats?: number;
  readonly seed?: number;
  readonly features?: string;
  readonly randomWeights?: boolean;
  readonly fitSeconds?: number;
  readonly folder?: string;
  readonly imagesSha256?: string;
  /** Folder of the feature set. */
  readonly set?: string;
}

const pad = (i: number): string => String(i).padStart(3, '0');

/** A consistent report and its predictions, like those of classify, from random probabilities. */
export function drawReport(drawing: Drawing = {}): { report: Report; predictions: Prediction[] } {
  const { model = 'linear', skill = 0.75, classCount = 6, perClassCount = 20, repeats = 1, seed = 0 } = drawing;
  const random = seededRandom(model.length * 1000 + Math.round(skill * 1000));
  const classes = Array.from({ length: classCount }, (_, c) => `breed ${pad(c)}`);
  const rows = classes.flatMap((_, c) =>
    Array.from({ length: perClassCount }, (_, i) => ({ id: `${pad(c)}-${pad(i)}`, c })),
  );
  const confusion = classes.map(() => classes.map(() => 0));
  const predictions: Prediction[] = [];
  const perRepeat = Array.from({ length: repeats }, (_, repeat) => {
    // The same rows for every head of one seed, as in a split.
    const pick = seededRandom(seed * 97 + repeat);
    const test = rows.map((_, i) => i).filter((i) => i % perClassCount < 4 + Math.floor(pick() * 0.5));
    let [right, top5, logLoss] = [0, 0, 0];
    for (const i of test) {
      const { id, c } = rows[i] as { id: string; c: number };
      const correct = random() < skill;
      const predicted = correct ? c : (c + 1 + Math.floor(random() * random() * (classCount - 1))) % classCount;
      const probability = 0.35 + 0.64 * random();
      const trueProbability = predicted === c ? probability : (1 - probability) * random();
      (confusion[c] as number[])[predicted] = (confusion[c]?.[predicted] ?? 0) + 1;
      if (predicted === c) right++;
      if (predicted === c || random() < 0.7) top5++;
      logLoss -= Math.log(Math.max(trueProbability, 1e-9)) / test.length;
      predictions.push({
        repeat,
        id,
        trueClass: classes[c] as string,
        predictedClass: classes[predicted] as string,
        probability,
        trueProbability,
      });
    }
    const inTest = new Set(test);
    return {
      repeat,
      accuracy: right / test.length,
      top5Accuracy: top5 / test.length,
      logLoss,
      macroF1: right / test.length,
      balancedAccuracy: right / test.length,
      fitSeconds: drawing.fitSeconds ?? 1.5,
      predictSeconds: 0.1,
      converged: true,
      iterations: 12,
      train: rows.map((_, i) => i).filter((i) => !inTest.has(i)),
      test,
    };
  });
  const mean = (name: 'accuracy' | 'top5Accuracy' | 'logLoss' | 'macroF1' | 'balancedAccuracy'): number =>
    perRepeat.reduce((sum, repeat) => sum + repeat[name], 0) / repeats;
  const perClass = classes.map((name, c) => {
    const support = (confusion[c] as number[]).reduce((a, b) => a + b, 0);
    const predicted = confusion.reduce((sum, row) => sum + (row[c] as number), 0);
    const hits = confusion[c]?.[c] ?? 0;
    const precision = predicted === 0 ? 0 : hits / predicted;
    const recall = support === 0 ? 0 : hits / support;
    const f1 = hits === 0 ? 0 : (2 * precision * recall) / (precision + recall);
    return { name, precision, recall, f1, support, trained: perClassCount - support / repeats };
  });
  const testSize = perRepeat[0]?.test.length ?? 0;
  const features = drawing.features ?? 'f'.repeat(64);
  const report: Report = {
    formatVersion: 1,
    model,
    solver: model === 'linear' ? 'lbfgs' : 'own',
    params: drawing.params ?? { C: 1 },
    accuracy: mean('accuracy'),
    top5Accuracy: mean('top5Accuracy'),
    logLoss: mean('logLoss'),
    macroF1: mean('macroF1'),
    balancedAccuracy: mean('balancedAccuracy'),
    perRepeat,
    classes,
    trainSize: rows.length - testSize,
    testSize,
    seed,
    fitSeconds: drawing.fitSeconds ?? 1.5,
    predictSeconds: 0.1,
    features,
    featureSet: {
      folder: drawing.set ?? 'cache/drawn',
      rowCount: rows.length,
      dims: 16,
      weights: drawing.randomWeights === true ? 'random' : 'resnet50',
      randomWeights: drawing.randomWeights === true,
      missing: {},
    },
    splitHash: createHash('sha256')
      .update(JSON.stringify(perRepeat.map(({ train, test }) => [train, test])))
      .digest('hex'),
    ...(drawing.imagesSha256 === undefined ? {} : { imagesSha256: drawing.imagesSha256 }),
    confusion,
    perClass,
    probabilities: 'softmax',
    warnings: [],
    details: {},
    command: `featuretap classify --model ${model}`,
    versions: { featuretap: '0.1.0', node: process.versions.node },
    createdAt: '2026-01-01T00:00:00.000Z',
    report: drawing.folder ?? `reports/drawn/${model}`,
  };
  return { report, predictions };
}

/** Writes the folder of such a report and returns its path. */
export async function writeDrawnReport(parent: string, name: string, drawing: Drawing = {}): Promise<string> {
  const folder = join(parent, name);
  const { report, predictions } = drawReport({ ...drawing, folder });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'report.json'), JSON.stringify(report));
  await writeFile(join(folder, 'predictions.csv'), formatPredictions(predictions));
  return folder;
}

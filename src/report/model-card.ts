import type { Conformal, Report } from '../classify/result/report.ts';
import { describePreprocessing } from '../features/manifest/describe-preprocessing.ts';
import { counted } from '../system/printable.ts';
import { confusedPairs, repeatedPairs } from './analysis/confusion.ts';
import { learningCurve } from './analysis/learning.ts';
import { reliability } from './analysis/reliability.ts';
import type { Run } from './analysis/run.ts';
import { describeClassSizes, imagesUsed, sharedPath, trainingImages, weightsName } from './describe.ts';
import { accuracyInterval, percent, seconds } from './figures.ts';
import { markdownTable, markdownText } from './markdown.ts';
import { hiddenCommand, reportCommand } from './report-command.ts';

export const modelCardFile = 'model-card.md';

const knownTerms: Readonly<Record<string, string>> = {
  resnet50: torchvisionTerms('IMAGENET1K_V1'),
  'resnet50-v2': torchvisionTerms('IMAGENET1K_V2'),
  'demo-net': 'part of featuretap, under its MIT licence; trained on drawn patterns alone, so it never saw a photo',
  random: 'drawn from a seed: no terms, and nothing learned',
};

/** torchvision's README notes that pretrained models may have terms derived from their training data. */
function torchvisionTerms(name: string): string {
  return (
    `torchvision ResNet50, ${name}: torchvision is under the BSD 3-Clause licence, and warns that weights may carry terms of ` +
    'the data set they were trained on; ImageNet’s images are for non-commercial research and education'
  );
}

/** A model card in Markdown: the head, its data, figures and limitations. */
export function modelCard({ name, report, predictions }: Run): string {
  const blocks = [
    `# ${markdownText(`${name}: ${counted(report.classes.length, 'class')} on ${weightsName(report)} features`)}`,
    summary(report),
    `## Data\n\n${data(report)}`,
    `## Backbone\n\n${backbone(report)}`,
    `## Head\n\n${head(report)}`,
    `## Figures\n\n${figures(report)}`,
    ...(report.conformal === undefined ? [] : [`## How sure it is\n\n${predictionSets(report.conformal)}`]),
    `## What it gets wrong\n\n${mistakes(report)}`,
    `## Limits\n\n${limits({ name, report, predictions })
      .map((line) => `- ${line}`)
      .join('\n')}`,
    `## Reproducing it\n\n    ${reportCommand(report) ?? hiddenCommand}\n\nVersions: ${Object.entries(report.versions)
      .map(([part, version]) => markdownText(`${part} ${version}`))
      .join(', ')}. Made ${markdownText(report.createdAt)}.`,
  ];
  return `${blocks.join('\n\n')}\n`;
}

function summary(report: Report): string {
  const { low, high } = accuracyInterval(report);
  return (
    `This ${markdownText(report.model)} head tells ${counted(report.classes.length, 'class')} apart: ${percent(report.accuracy)} of the test images right ` +
    `(95 % interval ${percent(low)} to ${percent(high)}), the right class among the first five for ${percent(report.top5Accuracy)}.`
  );
}

function data(report: Report): string {
  const { featureSet, testSize, perRepeat, seed, splitHash } = report;
  const sizes = describeClassSizes(report);
  const missing = Object.entries(featureSet.missing).filter(([, count]) => count > 0);
  return markdownTable(
    ['what', 'value'],
    [
      ['images with features', String(featureSet.rowCount)],
      ['images used', String(imagesUsed(report))],
      [
        'inputs without features',
        missing.length === 0 ? 'none' : missing.map(([why, count]) => `${count} ${why}`).join(', '),
      ],
      [
        'folder at extraction',
        featureSet.madeBy !== undefined
          ? sharedPath(featureSet.madeBy.data)
          : featureSet.parts === undefined
            ? 'not known: external features'
            : `as in ${featureSet.parts.map(({ folder }) => sharedPath(folder)).join(' and ')}`,
      ],
      ['classes', String(report.classes.length)],
      ['training images', trainingImages(report)],
      ['test images', String(testSize)],
      ...(sizes === undefined ? [] : [['class sizes', sizes] as const]),
      ['splits', `${perRepeat.length}, stratified, from seed ${seed}`],
      ['split hash', splitHash],
    ],
  );
}

function backbone(report: Report): string {
  const { featureSet, features } = report;
  const { fields } = featureSet;
  const terms =
    knownTerms[featureSet.weights] ??
    'not known to featuretap: read the terms that came with the weights file before you pass the head on';
  const rows: (readonly [string, string])[] = [
    ['weights', weightsName(report)],
    ['terms', terms],
    ['features', `${counted(featureSet.dims, 'number')} per image, fingerprint ${features}`],
  ];
  for (const { dims, weights, features: part } of featureSet.parts ?? []) {
    rows.push([
      'side by side',
      `${counted(dims, 'number')} of ${sharedPath(weights)}, fingerprint ${part}, scaled to the L2 norm of the other part`,
    ]);
  }
  if (fields !== undefined) {
    rows.push(
      ['sha256 of the weights', fields.weightsSha256],
      [
        'architecture',
        `${fields.architecture}, tap ${fields.tap}, pool ${fields.pool}, ${fields.precision}, kept as ${fields.dtype}`,
      ],
      ['preprocessing', describePreprocessing(fields.preprocessing)],
    );
  }
  return markdownTable(['what', 'value'], rows);
}

function head(report: Report): string {
  const params = Object.entries(report.params).map(([key, value]) => [key, JSON.stringify(value)] as const);
  return markdownTable(
    ['what', 'value'],
    [
      ['solver', report.solver],
      ...params,
      ['probabilities', report.probabilities],
      ['fit', `${seconds(report.fitSeconds)} s`],
    ],
  );
}

function figures(report: Report): string {
  const { low, high } = accuracyInterval(report);
  const rows: (readonly [string, string])[] = [
    ['accuracy', `${percent(report.accuracy)} (95 % interval ${percent(low)} to ${percent(high)})`],
    ['top-5 accuracy', percent(report.top5Accuracy)],
    ['log loss', report.logLoss.toFixed(4)],
  ];
  if (report.uncalibratedLogLoss !== undefined) {
    rows.push(['log loss without calibration', report.uncalibratedLogLoss.toFixed(4)]);
  }
  rows.push(['macro F1', report.macroF1.toFixed(4)], ['balanced accuracy', percent(report.balancedAccuracy)]);
  return markdownTable(['figure', 'value'], rows);
}

function predictionSets({ rows, rowsAre, testImages, coverages, perClass, riskCoverage }: Conformal): string {
  const images = counted(testImages, 'test image');
  const answered = riskCoverage.map((point) => [
    percent(point.answered),
    percent(point.accuracy),
    percent(point.probability),
  ]);
  const classes = perClass.map((each) => [
    each.name,
    String(each.images),
    percent(each.reached),
    each.meanSetSize.toFixed(2),
  ]);
  return [
    `Prediction sets that contain the true class as often as requested (\`predict --coverage\`), by RAPS on ${counted(rows, 'training row')} (${rowsAre}); measured on ${images}:`,
    markdownTable(
      ['coverage asked', 'reached', 'mean set size', 'one class alone', 'of those right'],
      coverages.map((each) => [
        percent(each.coverage),
        percent(each.reached),
        each.meanSetSize.toFixed(2),
        percent(each.answered),
        each.answeredAccuracy === undefined ? '' : percent(each.answeredAccuracy),
      ]),
    ),
    ...(classes.length === 0
      ? []
      : ['At 95 %, by class:', markdownTable(['class', 'test images', 'reached', 'mean set size'], classes)]),
    `Answering only the most confident photos of ${images}:`,
    markdownTable(['answered', 'right', 'least probability'], answered),
  ].join('\n\n');
}

function mistakes(report: Report): string {
  const all = confusedPairs(report.confusion, report.classes);
  if (all.length === 0) return 'No test image.';
  const pairs = repeatedPairs(all).slice(0, 10);
  if (pairs.length === 0)
    return `No pair stands out: ${counted(all.length, 'pair')} of classes were confused once each.`;
  return markdownTable(
    ['true class', 'taken for', 'times', 'share of the class'],
    pairs.map((pair) => [pair.trueClass, pair.predictedClass, String(pair.count), percent(pair.share)]),
  );
}

function limits({ report, predictions }: Run): string[] {
  const said: string[] = [];
  const { featureSet, perClass, testSize } = report;
  if (featureSet.randomWeights) {
    said.push('The backbone has random weights: these figures say nothing about pretrained features.');
  } else {
    said.push(
      'These photos, or others much like them, may have been in the training set of the backbone; then new photos are recognized less well than the figures say.',
    );
  }
  said.push(
    'It knows only its own classes: a photo of anything else gets one of them, sometimes with high confidence.',
  );
  said.push(
    `The figures hold for photos like the ${counted(testSize, 'test image')}; other cameras, places or framings were not tested.`,
  );
  const few = perClass.filter((figure) => figure.support < 10).length;
  if (few > 0)
    said.push(
      `${few} of ${counted(perClass.length, 'class')} have fewer than 10 test images: their own figures are rough.`,
    );
  if (predictions !== undefined && predictions.length > 0) {
    const { expectedError } = reliability(predictions);
    said.push(`Its confidence is off by ${percent(expectedError)} on average (expected calibration error).`);
  }
  const curve = learningCurve(report);
  if (curve !== undefined) said.push(curve.words);
  return [...said, ...report.warnings.map(markdownText)];
}

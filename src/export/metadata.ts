import type { Report } from '../classify/result/report.ts';
import { programVersion } from '../system/version.ts';

/** ONNX metadata of an exported model: texts, the longer ones as JSON. */
export function exportMetadata(report: Report): Readonly<Record<string, string>> {
  const { featureSet } = report;
  const { fields } = featureSet;
  return {
    producer: `featuretap ${programVersion()}`,
    classes: JSON.stringify(report.classes),
    head: JSON.stringify({ model: report.model, solver: report.solver, params: report.params }),
    probabilities: report.probabilities,
    accuracy: String(report.accuracy),
    features: report.features,
    weights: featureSet.weights,
    command: report.command,
    ...(featureSet.parts === undefined ? {} : { input: partsText(featureSet.parts) }),
    ...(fields === undefined
      ? {}
      : {
          weightsSha256: fields.weightsSha256,
          architecture: fields.architecture,
          tap: fields.tap,
          pool: fields.pool,
          preprocessing: JSON.stringify(fields.preprocessing),
        }),
    ...(featureSet.randomWeights
      ? { warning: 'the backbone has random weights: its predictions are meaningless' }
      : {}),
  };
}

/** How to compute the head's input, for use elsewhere. */
function partsText(parts: NonNullable<Report['featureSet']['parts']>): string {
  const each = parts.map(({ dims, weights, features }) => `${dims} numbers of ${weights} (${features})`);
  const sum = parts.reduce((total, { dims }) => total + dims, 0);
  return `${each.join(', then ')}; each part scaled to the L2 norm ${Math.sqrt(sum / parts.length)}`;
}

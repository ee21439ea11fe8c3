import { valueAt } from '../../system/at.ts';

/**
 * Target probabilities with label smoothing (Szegedy et al., 2016; `label_smoothing` of torch.nn.CrossEntropyLoss).
 * Each row is multiplied by its share of the loss, so that the loss of a batch is a weighted mean.
 *
 * @param weights of the rows
 * @returns [rows, classes]
 */
export function smoothTargets(
  labels: ArrayLike<number>,
  weights: ArrayLike<number>,
  classes: number,
  smoothing: number,
): Float32Array {
  const rowCount = labels.length;
  const total = Array.from(weights).reduce((sum, weight) => sum + weight, 0);
  const targets = new Float32Array(rowCount * classes);
  for (let row = 0; row < rowCount; row++) {
    const share = total > 0 ? valueAt(weights, row) / total : 0;
    const at = row * classes;
    targets.fill((share * smoothing) / classes, at, at + classes);
    targets[at + valueAt(labels, row)] = share * (1 - smoothing + smoothing / classes);
  }
  return targets;
}

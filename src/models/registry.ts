import { choiceError, UserError } from '../system/errors.ts';
import { calibrated, loadCalibrated } from './calibration/temperature.ts';
import { checkProbabilities } from './checks.ts';
import { finetuneFrom } from './finetune/finetune.ts';
import { withChanges } from './fitted-head.ts';
import { forest } from './forest/forest.ts';
import { knn } from './knn/knn.ts';
import { linear } from './linear/linear.ts';
import { mlp } from './mlp/mlp.ts';
import type { FittedHead, Head, HeadKind, SavedHead } from './model.ts';
import type { RawParams } from './parameters.ts';
import { ridge } from './ridge/ridge.ts';
import { loadPrepared, preparationOf, preparationOptions, prepared } from './scaling.ts';
import { svm } from './svm/svm.ts';
import { zeroShot } from './zero-shot/zero-shot.ts';

/** All heads: to add one, create a folder and add it here. */
export const headKinds: readonly HeadKind[] = [linear, svm, forest, knn, ridge, mlp, finetuneFrom(linear), zeroShot];

/**
 * Creates an unfitted head. Besides its own parameters, each takes `scale`, `classWeight` and `calibrate`.
 *
 * @throws a usage UserError if there is no such head, or a parameter is invalid
 */
export function createHead(model: string, params: RawParams = {}): Head {
  const kind = headKind(model);
  const preparation = preparationOf(params);
  const head = prepared(kind.create(params), preparation);
  const calibrate = preparation.calibrate === 'auto' ? kind.autoCalibrate(params) : preparation.calibrate;
  return calibrate === 'none' ? head : calibrated(head);
}

/** @throws a usage UserError if there is no such head */
export function headKind(model: string): HeadKind {
  const kind = headKinds.find((candidate) => candidate.model === model);
  if (kind !== undefined) return kind;
  throw choiceError(
    '--model',
    model,
    headKinds.map((known) => known.model),
  );
}

/** Whether a head of this kind has a parameter, or the given solver. */
export function readsParam(kind: HeadKind, name: string, value: unknown): boolean {
  if (name === 'solver') return kind.solvers.some((solver) => solver === value);
  return Object.hasOwn(kind.options, name) || Object.hasOwn(preparationOptions, name);
}

/** @throws UserError if the kind of head is unknown to this version, or the head is damaged */
export function loadHead(saved: SavedHead): FittedHead {
  const kind = headKinds.find((candidate) => candidate.model === saved.model);
  if (kind !== undefined)
    return withCheckedPredictions(loadCalibrated(saved, (inner) => loadPrepared(inner, kind.load)));
  throw new UserError({
    what: 'the saved head is of a kind that is not known here',
    found: saved.model,
    expected: headKinds.map((known) => known.model).join(' | '),
    fix: 'use the version of featuretap that saved it',
  });
}

/** Checks the predictions of a restored head, whose file may be damaged. */
function withCheckedPredictions(head: FittedHead): FittedHead {
  return withChanges(head, {
    predictBoth: async (features, options) => {
      const prediction = await head.predictBoth(features, options);
      checkProbabilities(prediction.probabilities, head);
      return prediction;
    },
  });
}

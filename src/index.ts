/**
 * featuretap as a library: feature sets, splits, heads and reports, without the command line.
 *
 * ```ts
 * import { encodeLabels, linear, openFeatureSet, stratifiedShuffleSplit } from 'featuretap';
 * ```
 *
 * @module
 */
import { forest as forestKind } from './models/forest/forest.ts';
import { linear as linearKind } from './models/linear/linear.ts';
import type { Head, HeadKind } from './models/model.ts';
import { createHead } from './models/registry.ts';
import { svm as svmKind } from './models/svm/svm.ts';
import type { ScaleKind } from './rows/scale.ts';

export { type ClassifyEvent, type ClassifyOptions, classify } from './classify/classify.ts';
export { bringFeatures, bringRows } from './classify/data/external-features.ts';
export {
  type JoinOptions,
  joinLabels,
  joinRows,
  type LabelledData,
  type RowOptions,
} from './classify/data/labelled-data.ts';
export { type LabelsFile, readLabels } from './classify/data/labels-file.ts';
export type { FitNeeds } from './classify/memory/fit-needs.ts';
export type { StreamPlan } from './classify/memory/stream-plan.ts';
export type { LearningCurvePoint, RepeatResult, Report } from './classify/result/report.ts';
export type { Grid, Point } from './classify/sweep/grid.ts';
export { type SweepOptions, sweptHead } from './classify/sweep/swept-head.ts';
export type { MemoryEvent } from './classify/trial/prepare-trials.ts';
export type {
  DeviceName,
  EngineName,
  FingerprintFields,
  MadeBy,
  Manifest,
  OutcomeCounts,
  Pool,
  Precision,
  Preprocessing,
  ShardEntry,
} from './features/manifest/manifest.ts';
export type { SetState } from './features/manifest/state.ts';
export { FeatureSet, type LabelledRows, openFeatureSet } from './features/reader.ts';
export type { Outcome, OutcomeKind } from './features/tables/outcomes.ts';
export type { Dtype } from './formats/npy/npy.ts';
export type { ClassFigures, Scores } from './metrics/metrics.ts';
export { classFigures, confusionOf, scoreConfusion, scoreProbabilities } from './metrics/metrics.ts';
export { predictRows, probabilitiesOf } from './models/fitted-head.ts';
export type { FitSize, MemoryPart } from './models/memory-parts.ts';
export type {
  FitContext,
  FitProgress,
  FittedHead,
  Head,
  HeadKind,
  HeadOption,
  Json,
  NamedArray,
  Prediction,
  PredictOptions,
  SavedHead,
  Temperature,
  TemperatureFit,
} from './models/model.ts';
export { createHead, headKinds, loadHead } from './models/registry.ts';
export { readSavedHead, writeSavedHead } from './models/saved-head.ts';
export type { Arena } from './numerics/arena.ts';
export type { Matrix } from './numerics/matrix.ts';
export { readReport } from './report/read-report.ts';
export { countClasses, type EncodedLabels, encodeLabels } from './rows/labels.ts';
export { type RowBlock, RowReader } from './rows/row-reader.ts';
export { loadRows, type RowSource, type StoredRows, takeRows } from './rows/row-source.ts';
export type { RowStore } from './rows/row-store.ts';
export { applyScaling, fitScaling, type ScaleKind, type Scaling } from './rows/scale.ts';

export { loadTable, type Table, takeTableRows } from './rows/table.ts';

export { groupShuffleSplit, stratifiedGroupKFold, stratifiedKFold } from './split/folds.ts';
export { type ShuffleSplitOptions, type Split, stratifiedShuffleSplit } from './split/split.ts';
export { InterruptedError, UserError, type UserErrorParts } from './system/errors.ts';
export type { FileStat, Files, OpenFile } from './system/files.ts';

/** What every head takes beside its own parameters; all are learned from the training rows alone. */
export interface PreparationParams {
  /** Default: `none`. */
  readonly scale?: ScaleKind;
  /** Default: `none`. */
  readonly classWeight?: 'none' | 'balanced';
  /** Temper the probabilities by what cross-validation on the training rows says; five more fits. Default: `none`. */
  readonly calibrate?: 'none' | 'temperature';
}

/** Parameters of {@link linear}. */
export interface LinearParams extends PreparationParams {
  /** `lbfgs` (default): logistic regression to its optimum. `adam`: a fresh layer trained by mini-batches. */
  readonly solver?: 'lbfgs' | 'adam';
  /** lbfgs: inverse strength of the L2 penalty, scikit-learn's C. Default: 1. */
  readonly C?: number;
  /** lbfgs. Default: 1000. */
  readonly maxIterations?: number;
  /** adam: passes over the training rows. Default: 9. */
  readonly epochs?: number;
  /** adam: learning rate. Default: 0.001. */
  readonly lr?: number;
  /** adam: rows per step. Default: 256. */
  readonly batch?: number;
}

/** Parameters of {@link svm}. */
export interface SvmParams extends PreparationParams {
  /** `smo` (default) and `ml-svm`: one-vs-one. `linearsvc`: one against the rest, squared hinge, linear. */
  readonly solver?: 'smo' | 'ml-svm' | 'linearsvc';
  /** Weight of the margin's violations. Default: 1. */
  readonly C?: number;
  /** Default: `linear`. */
  readonly kernel?: 'linear' | 'rbf';
  /** Width of the rbf kernel. Default: `scale`. */
  readonly gamma?: 'scale' | 'auto' | number;
  readonly tolerance?: number;
  readonly maxIterations?: number;
}

/** Parameters of {@link forest}. */
export interface ForestParams extends PreparationParams {
  /** Default: `cart`. */
  readonly solver?: 'cart' | 'ml-random-forest';
  /** Default: 100. */
  readonly trees?: number;
  /** Default: no limit. */
  readonly maxDepth?: number;
  /** Default: 1. */
  readonly minLeaf?: number;
  /** Features looked at per split. Default: `sqrt`. */
  readonly maxFeatures?: 'sqrt' | 'log2' | 'all' | number;
}

/**
 * A linear softmax classifier: scikit-learn's `LogisticRegression`, or a notebook's training loop.
 *
 * @throws {@link UserError} when a parameter is not usable
 */
export function linear(params: LinearParams = {}): Head {
  return make(linearKind, params);
}

/**
 * A support vector machine, scikit-learn's `SVC` or `LinearSVC`, with probabilities calibrated on held-out values.
 *
 * @throws {@link UserError} when a parameter is not usable
 */
export function svm(params: SvmParams = {}): Head {
  return make(svmKind, params);
}

/**
 * A random forest: scikit-learn's `RandomForestClassifier`.
 *
 * @throws {@link UserError} when a parameter is not usable
 */
export function forest(params: ForestParams = {}): Head {
  return make(forestKind, params);
}

function make(kind: HeadKind, params: object): Head {
  return createHead(kind.model, { ...params });
}

/**
 * featuretap as a library: feature sets, splits, heads and reports, without the command line.
 *
 * ```ts
 * import { encodeLabels, linear, openFeatureSet, stratifiedShuffleSplit } from 'featuretap';
 * ```
 *
 * @module
 */
import { forest as forestKind } from './classify/heads/forest.ts';
import type { Head, HeadKind } from './classify/heads/head.ts';
import { createHead } from './classify/heads/index.ts';
import { linear as linearKind } from './classify/heads/linear.ts';
import { svm as svmKind } from './classify/heads/svm.ts';
import type { ScaleKind } from './classify/scale.ts';

export { bringFeatures, bringRows } from './classify/brought-features.ts';
export { type ClassifyEvent, type ClassifyOptions, classify } from './classify/classify.ts';
export { groupShuffleSplit, stratifiedGroupKFold, stratifiedKFold } from './classify/folds.ts';
export type {
  FitContext,
  FitProgress,
  FittedHead,
  Head,
  HeadKind,
  HeadOption,
  Json,
  NamedArray,
  SavedHead,
  StreamAsk,
  StreamContext,
  StreamedFit,
  StreamedHead,
  TakeProbabilities,
  Tempered,
  TemperedFit,
} from './classify/heads/head.ts';
export { createHead, headKinds, loadHead } from './classify/heads/index.ts';
export {
  type JoinOptions,
  joinLabels,
  joinRows,
  type LabelledData,
  type RowOptions,
} from './classify/labelled-data.ts';
export { countClasses, type EncodedLabels, encodeLabels } from './classify/labels.ts';
export { type LabelsFile, readLabels } from './classify/labels-file.ts';
export type { FitNeeds } from './classify/memory/fit-needs.ts';
export type { FitSize, MemoryPart } from './classify/memory/parts.ts';
export type { StreamPlan } from './classify/memory/stream-plan.ts';
export { classFigures, confusionOf, scoreConfusion, scoreProbabilities } from './classify/metrics.ts';
export type { MemoryEvent } from './classify/prepare-trials.ts';
export { readSavedHead, writeSavedHead } from './classify/saved-head.ts';
export { applyScaling, fitScaling, type ScaleKind, type Scaling } from './classify/scale.ts';
export type { Arena } from './classify/solvers/arena.ts';
export { type ShuffleSplitOptions, type Split, stratifiedShuffleSplit } from './classify/split.ts';
export type { Grid, Point } from './classify/sweep/grid.ts';
export { type SweepOptions, sweptHead } from './classify/sweep/swept-head.ts';
export { type StoredTable, type Table, type TableOf, takeTableRows } from './classify/table.ts';
export { InterruptedError, UserError, type UserErrorParts } from './errors.ts';
export type { FileStat, Files, OpenFile } from './features/files.ts';
export type {
  DeviceName,
  Dtype,
  EngineName,
  FingerprintFields,
  MadeBy,
  Manifest,
  OutcomeCounts,
  Pool,
  Precision,
  Preprocessing,
  ShardEntry,
} from './features/manifest.ts';
export { type Matrix, takeRows } from './features/matrix.ts';
export type { Outcome, OutcomeKind } from './features/outcomes.ts';
export { FeatureSet, type LabelledRows, openFeatureSet } from './features/reader.ts';
export { type RowBlock, RowReader } from './features/row-reader.ts';
export type { RowStore } from './features/row-store.ts';
export type { SetState } from './features/state.ts';
export type { Rows, StoredRows } from './features/stored-rows.ts';
export { readReport } from './report/read-report.ts';
export type { ClassFigures, LearningCurvePoint, RepeatResult, Report, Scores } from './report/report.ts';

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

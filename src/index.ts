/**
 * featuretap as a library: feature sets, splits, heads and reports, without the command line.
 *
 * ```ts
 * import { classify, extract, linear } from 'featuretap';
 *
 * const { folder } = await extract({ data: 'data/dogs' });
 * const [report] = await classify({ features: folder, heads: [linear({ C: 1 })] });
 * ```
 *
 * @module
 */
import type { ExtractResult } from './extract/extract.ts';
import type { ExtractOptions } from './library/extract.ts';
import type { FindOptions } from './library/find.ts';
import type { Answer, Answered, PredictOptions } from './library/predict.ts';
import type { SuggestOptions, SuggestResult } from './library/suggest.ts';
import type { FinetuneParams } from './models/finetune/options.ts';
import type { GivenForestParams as ForestParams } from './models/forest/params.ts';
import type { KnnParams } from './models/knn/knn.ts';
import type { LinearParams } from './models/linear/linear.ts';
import type { MlpParams } from './models/mlp/mlp.ts';
import type { Head } from './models/model.ts';
import { createHead } from './models/registry.ts';
import type { RidgeParams } from './models/ridge/ridge.ts';
import type { PreparationParams } from './models/scaling.ts';
import type { GivenSvmParams as SvmParams } from './models/svm/params.ts';
import type { ZeroShotParams } from './models/zero-shot/zero-shot.ts';
import type { FoundPhoto } from './predict/find/nearest-photos.ts';

export type { ClassifyEvent } from './classify/classify.ts';
export { openExternalFeatures, readExternalFeatures } from './classify/data/external-features.ts';
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
export { type Converted, type ConvertOptions, convertFeatureSet } from './convert/convert.ts';
export type { FormatName } from './convert/formats.ts';
export type { Outcome, OutcomeKind } from './features/index/outcomes.ts';
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
export { FeatureSet, type JoinedLabels, openFeatureSet } from './features/reader.ts';
export type { Dtype } from './formats/npy/npy.ts';
export { type ClassifyOptions, classify } from './library/classify.ts';
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
  Json,
  NamedArray,
  Prediction,
  PredictOptions as HeadPredictOptions,
  SavedHead,
  Temperature,
  TemperatureFit,
} from './models/model.ts';
export type { GivenParams, HeadOption, HeadOptions, RawParams } from './models/parameters.ts';
export { createHead, headKinds, loadHead } from './models/registry.ts';
export { readSavedHead, writeSavedHead } from './models/saved-head.ts';
export type { Arena } from './numerics/arena.ts';
export type { Matrix } from './numerics/matrix.ts';
export type { Evidence } from './predict/evidence/evidence.ts';
export type { RankedClass } from './predict/predict.ts';
export type { LikePhoto } from './predict/training-photos.ts';
export { type Comparison, compareReports, type ReportGroup } from './report/comparison.ts';
export { readReport } from './report/read-report.ts';
export { countClasses, encodeLabels } from './rows/classes.ts';
export { type RowBlock, RowReader } from './rows/row-reader.ts';
export { loadRows, type RowSource, type StoredRows, takeRows } from './rows/row-source.ts';
export type { RowStore } from './rows/row-store.ts';
export { applyScaling, fitScaling, type ScaleKind, type Scaling } from './rows/scale.ts';

export { loadTable, type Table, takeTableRows } from './rows/table.ts';

export { groupShuffleSplit, stratifiedGroupKFold, stratifiedKFold } from './split/folds.ts';
export { type ShuffleSplitOptions, type Split, stratifiedShuffleSplit } from './split/split.ts';
export type { Suggestion, Suggestions } from './suggest/suggest.ts';
export { InterruptedError, UserError, type UserErrorParts } from './system/errors.ts';
export type { FileStat, Files, OpenFile } from './system/files.ts';
export type { NumberRange } from './system/options.ts';

/**
 * Computes features of a folder's images with a frozen network and writes them as a feature set. Images that the set
 * already holds are skipped.
 *
 * @throws {@link UserError} naming the file or option; the next call continues where this one stopped
 */
export async function extract(options: ExtractOptions): Promise<ExtractResult> {
  // Loaded when it is called: it brings native code.
  const { extract } = await import('./library/extract.ts');
  return extract(options);
}

/**
 * Classifies images with the head of a report, in the order given. An image that cannot be read gives an answer with
 * the reason.
 *
 * @throws {@link UserError} if there is no such head, or the network that computed its features is missing
 */
export async function* predict(options: PredictOptions): AsyncGenerator<Answer> {
  const { predict } = await import('./library/predict.ts');
  yield* predict(options);
}

/**
 * Ranks unlabelled photos by how much a head would learn from their labels, most useful first. Keeps their features.
 *
 * @throws {@link UserError} if there is no such head, or no photo to choose from
 */
export async function suggest(options: SuggestOptions): Promise<SuggestResult> {
  const { suggest } = await import('./library/suggest.ts');
  return suggest(options);
}

/**
 * Finds the photos of a feature set nearest to a photo, or to a text if the set's network has a text encoder.
 *
 * @throws {@link UserError} if the photo cannot be read, or the set's network is not available
 */
export async function find(options: FindOptions): Promise<readonly FoundPhoto[]> {
  const { find } = await import('./library/find.ts');
  return find(options);
}

/** Creates an unfitted head of one kind. @throws {@link UserError} if a parameter is invalid */
export type HeadMaker<Params> = (params?: Params & PreparationParams) => Head;

/** Linear softmax classifier: scikit-learn's `LogisticRegression`, or minibatch Adam with `optimizer: 'adam'`. */
export const linear: HeadMaker<LinearParams> = (params) => createHead('linear', params);

/** A support vector machine, scikit-learn's `SVC` or `LinearSVC`, with probabilities calibrated on held-out values. */
export const svm: HeadMaker<SvmParams> = (params) => createHead('svm', params);

/** A random forest: scikit-learn's `RandomForestClassifier`. */
export const forest: HeadMaker<ForestParams> = (params) => createHead('forest', params);

/** k-nearest neighbours by cosine similarity, as in DINO's evaluation. */
export const knn: HeadMaker<KnnParams> = (params) => createHead('knn', params);

/**
 * Ridge regression on class indicators; the penalty minimizes the leave-one-out error: scikit-learn's
 * `RidgeClassifierCV`.
 */
export const ridge: HeadMaker<RidgeParams> = (params) => createHead('ridge', params);

/** Network with one hidden layer and early stopping: scikit-learn's `MLPClassifier`. */
export const mlp: HeadMaker<MlpParams> = (params) => createHead('mlp', params);

/** Zero-shot classification by text prompts, for features of CLIP, SigLIP and similar networks. */
export const zeroShot: HeadMaker<ZeroShotParams> = (params) => createHead('zero-shot', params);

/** Fine-tunes the last blocks of a ResNet from the cached feature maps of a tap. */
export const finetune: HeadMaker<FinetuneParams> = (params) => createHead('finetune', params);
export type {
  Answer,
  Answered,
  ExtractOptions,
  ExtractResult,
  FindOptions,
  ForestParams,
  FoundPhoto,
  KnnParams,
  LinearParams,
  MlpParams,
  PredictOptions,
  PreparationParams,
  RidgeParams,
  SuggestOptions,
  SuggestResult,
  SvmParams,
  ZeroShotParams,
};

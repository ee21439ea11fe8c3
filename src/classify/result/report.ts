import type { FingerprintFields, Manifest } from '../../features/manifest/manifest.ts';
import type { RiskPoint } from '../../metrics/conformal.kernel.ts';
import type { ClassFigures, Scores } from '../../metrics/metrics.ts';
import type { Json } from '../../models/model.ts';

export interface RepeatResult extends Scores {
  readonly repeat: number;
  readonly fitSeconds: number;
  readonly predictSeconds: number;
  readonly converged: boolean;
  readonly iterations: number;
  /** Row numbers (in the order of the labels), in scikit-learn's order. */
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/** One fit on a stratified subset of a repeat's training rows. */
export interface LearningCurvePoint {
  readonly repeat: number;
  readonly trainSize: number;
  readonly accuracy: number;
  readonly logLoss: number;
}

/** How often prediction sets contain the true class, and their mean size. */
export interface SetFigures {
  readonly reached: number;
  readonly meanSetSize: number;
}

/** Calibration scores for `predict --coverage`, and its results on the test images of the first repeat. */
export interface Conformal {
  readonly method: 'RAPS';
  /** Number of held-out training rows that were scored, and how they were held out: `cross-validated`. */
  readonly rows: number;
  readonly rowsAre: string;
  /** Their scores, ascending, for `conformalThreshold`. */
  readonly scores: readonly number[];
  readonly testImages: number;
  readonly coverages: readonly (SetFigures & {
    readonly coverage: number;
    /** Share of the test images with a single class in their set, and how often it is the true one. */
    readonly answered: number;
    readonly answeredAccuracy?: number;
  })[];
  /** At 95 %, for classes with at least 20 test images. */
  readonly perClass: readonly (SetFigures & { readonly name: string; readonly images: number })[];
  readonly riskCoverage: readonly RiskPoint[];
}

/** Images that are copies of each other, exact or nearly, by the cosine of their features. */
export interface CopiesFound {
  /** Number of labelled images compared, and of all. */
  readonly compared: number;
  readonly of: number;
  /** Cosine distance up to which two images are copies. */
  readonly distance: number;
  /** Clusters of copies, and images in them. */
  readonly clusters: number;
  readonly images: number;
  /** Test images, over all repeats, with a copy among the training images of their repeat. */
  readonly acrossSplit: number;
  /** Accuracy on the other test images, mean over the repeats; absent if there are none. */
  readonly accuracyWithout?: number;
}

/** report.json, format version 1: the results of `classify` for one head. */
export interface Report extends Scores {
  readonly formatVersion: 1;
  readonly model: string;
  readonly solver: string;
  readonly params: Readonly<Record<string, Json>>;
  readonly perRepeat: readonly RepeatResult[];
  readonly classes: readonly string[];
  readonly trainSize: number;
  readonly testSize: number;
  /**
   * `classify --subsample`: number of training rows in the first repeat and before subsampling; `perRepeat` lists them.
   */
  readonly subsample?: { readonly rows: number; readonly of: number } | undefined;
  readonly seed: number;
  /** `classify --groups near-copies`: number of clusters, and of images in clusters of more than one. */
  readonly grouping?: { readonly by: 'near-copies'; readonly groups: number; readonly images: number } | undefined;
  /** Absent in reports of versions before 0.3, with random weights, and with `--stream`. */
  readonly copies?: CopiesFound | undefined;
  /** `classify --min-images`: the classes left out. */
  readonly smallClasses?:
    | { readonly minImages: number; readonly classes: readonly string[]; readonly images: number }
    | undefined;
  /** Mean over the repeats. */
  readonly fitSeconds: number;
  readonly predictSeconds: number;
  /** The feature set's fingerprint; for external features, the sha256 of its bytes. */
  readonly features: string;
  readonly featureSet: {
    readonly folder: string;
    readonly rowCount: number;
    readonly dims: number;
    readonly weights: string;
    /** Whether the backbone is `random`: accuracies then say nothing about pretrained features. */
    readonly randomWeights: boolean;
    /** Inputs without a row, by reason. */
    readonly missing: Readonly<Record<string, number>>;
    /**
     * How a new image becomes a row, copied from the manifest so that the head works without the cache. Absent for
     * external features.
     */
    readonly fields?: FingerprintFields;
    readonly madeBy?: Manifest['madeBy'];
    /** Shape of one row of the feature set. */
    readonly rowShape?: readonly number[];
    /** `--features A+B`: the sets whose features are concatenated, each scaled to the same L2 norm, in order. */
    readonly parts?: readonly {
      readonly folder: string;
      readonly dims: number;
      readonly weights: string;
      readonly features: string;
      /** As for a single set; absent in reports of versions up to 0.2. */
      readonly fields?: FingerprintFields;
      readonly madeBy?: Manifest['madeBy'];
    }[];
  };
  /** sha256 over the splits and the labels: reports with equal values are comparable. */
  readonly splitHash: string;
  /**
   * sha256 over the sha256 of each labelled image's file: reports with an equal value and split are comparable across
   * networks. Absent if the images are unknown.
   */
  readonly imagesSha256?: string | undefined;
  /** `classify` with several feature sets, on the images that are in all of them. */
  readonly joined?:
    | {
        /** Folder of the first set, whose ids and labels are used. */
        readonly ids: string;
        /** Ids of each set's images that another set lacks. */
        readonly leftOut: readonly { readonly folder: string; readonly images: readonly string[] }[];
      }
    | undefined;
  /** confusion[true][predicted] over the test rows of all repeats. */
  readonly confusion: readonly (readonly number[])[];
  readonly perClass: readonly ClassFigures[];
  /** `classify --learning-curve`: accuracy by number of training rows, on the same test rows. */
  readonly learningCurve?: readonly LearningCurvePoint[] | undefined;
  /** Log loss of the uncalibrated probabilities on the same test rows, mean over the repeats, if the head has them. */
  readonly uncalibratedLogLoss?: number | undefined;
  /** Absent in reports of versions before 0.2, or if no training row could be held out. */
  readonly conformal?: Conformal | undefined;
  /** How probabilities were computed, e.g. `softmax`, `sigmoid calibrated on cross-validated decision values`. */
  readonly probabilities: string;
  readonly warnings: readonly string[];
  readonly details: Readonly<Record<string, Json>>;
  /** sha256 of head.safetensors and predictions.csv, lower-case hex; absent in reports of versions before 0.2. */
  readonly headSha256?: string;
  readonly predictionsSha256?: string;
  readonly command: string;
  readonly versions: Readonly<Record<string, string>>;
  /** ISO 8601. Only this and the times differ between runs. */
  readonly createdAt: string;
  readonly report: string;
}

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
  /** Row numbers of the table (labels order), in scikit-learn's order. */
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/** One fit on a stratified part of a repeat's training rows. */
export interface LearningCurvePoint {
  readonly repeat: number;
  readonly trainSize: number;
  readonly accuracy: number;
  readonly logLoss: number;
}

/** How often the sets of classes hold the true one, and how many classes that takes. */
export interface SetFigures {
  readonly reached: number;
  readonly meanSetSize: number;
}

/** What `predict --coverage` needs, and what it comes to on the test images of the first repeat. */
export interface Conformal {
  readonly method: 'RAPS';
  /** Training rows that the head judged without having seen them, and what they are called: `cross-validated`. */
  readonly rows: number;
  readonly rowsAre: string;
  /** Their scores, smallest first: `conformalThreshold` takes one of them for every coverage. */
  readonly scores: readonly number[];
  readonly testImages: number;
  readonly coverages: readonly (SetFigures & {
    readonly coverage: number;
    /** Share of the test images with one class alone in their set, and how often it is the true one. */
    readonly answered: number;
    readonly answeredAccuracy?: number;
  })[];
  /** At 95 %, of classes with 20 test images or more. */
  readonly perClass: readonly (SetFigures & { readonly name: string; readonly images: number })[];
  readonly riskCoverage: readonly RiskPoint[];
}

/** Images that are copies of each other, exact or nearly, by the cosine of their features. */
export interface CopiesFound {
  /** Labelled images that were compared with each other, and all of them. */
  readonly compared: number;
  readonly of: number;
  /** Cosine distance up to which two images are copies. */
  readonly distance: number;
  /** Clusters of copies, and images in them. */
  readonly clusters: number;
  readonly images: number;
  /** Test images of all repeats together with a copy among the training images of their repeat. */
  readonly acrossSplit: number;
  /** Accuracy on the other test images, mean over the repeats; absent if there is none. */
  readonly accuracyWithout?: number;
}

/** report.json, format version 1: what one classify run found for one model. */
export interface Report extends Scores {
  readonly formatVersion: 1;
  readonly model: string;
  readonly solver: string;
  readonly params: Readonly<Record<string, Json>>;
  readonly perRepeat: readonly RepeatResult[];
  readonly classes: readonly string[];
  readonly trainSize: number;
  readonly testSize: number;
  /** `classify --subsample`: a stratified part of the training rows of the first repeat; `perRepeat` names them. */
  readonly subsample?: { readonly rows: number; readonly of: number } | undefined;
  readonly seed: number;
  /** `classify --groups near-copies`: the clusters that stay on one side, and the images in those of more than one. */
  readonly grouping?: { readonly by: 'near-copies'; readonly groups: number; readonly images: number } | undefined;
  /** Absent in reports of versions before 0.3, with random weights, and with `--stream`. */
  readonly copies?: CopiesFound | undefined;
  /** `classify --min-images`: the classes that it left out. */
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
    /** True where the backbone is `random`: accuracies say nothing about pretrained features. */
    readonly randomWeights: boolean;
    /** Inputs that gave no row, by reason. */
    readonly missing: Readonly<Record<string, number>>;
    /**
     * From the manifest, so that a head can still be used when the cache is gone: how a new image becomes a row.
     * Absent for external features.
     */
    readonly fields?: FingerprintFields;
    readonly madeBy?: Manifest['madeBy'];
    /** Shape of one row of the feature set. */
    readonly rowShape?: readonly number[];
    /** `--features A+B`: the sets whose rows stand side by side, each part scaled to the same L2 norm, in their order. */
    readonly parts?: readonly {
      readonly folder: string;
      readonly dims: number;
      readonly weights: string;
      /** Its fingerprint. */
      readonly features: string;
      /** As those of a single set; absent in reports of version 0.2 and before. */
      readonly fields?: FingerprintFields;
      readonly madeBy?: Manifest['madeBy'];
    }[];
  };
  /** sha256 over the splits and the labels: reports are comparable when it is equal. */
  readonly splitHash: string;
  /**
   * sha256 over the sha256 of each labelled image's file: with the same split, reports on the features of other networks
   * are comparable when it is equal, too. Absent if the images are not known.
   */
  readonly imagesSha256?: string | undefined;
  /** `classify` with several feature sets, which took the images that are in all of them. */
  readonly joined?:
    | {
        /** The first set's folder: ids and labels are as there. */
        readonly ids: string;
        /** Images of each set that another one lacks, by their ids there. */
        readonly leftOut: readonly { readonly folder: string; readonly images: readonly string[] }[];
      }
    | undefined;
  /** confusion[true][predicted], test rows of all repeats together. */
  readonly confusion: readonly (readonly number[])[];
  readonly perClass: readonly ClassFigures[];
  /** `classify --learning-curve`: accuracy on the same test rows against the number of training rows. */
  readonly learningCurve?: readonly LearningCurvePoint[] | undefined;
  /** Log loss of the same test rows with uncalibrated probabilities, where the head has them; mean over the repeats. */
  readonly uncalibratedLogLoss?: number | undefined;
  /** Absent in reports of versions before 0.2, and where no training row could be held out. */
  readonly conformal?: Conformal | undefined;
  /** How probabilities were made, e.g. `softmax`, `sigmoid calibrated on cross-validated decision values`. */
  readonly probabilities: string;
  readonly warnings: readonly string[];
  readonly details: Readonly<Record<string, Json>>;
  /** Of head.safetensors and predictions.csv beside it, lower-case hex; absent in reports of versions before 0.2. */
  readonly headSha256?: string;
  readonly predictionsSha256?: string;
  /** The command that makes this report again. */
  readonly command: string;
  readonly versions: Readonly<Record<string, string>>;
  /** ISO 8601, the one field that a second run changes beside the seconds. */
  readonly createdAt: string;
  /** Folder of this report. */
  readonly report: string;
}

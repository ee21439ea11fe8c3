import type { GraphBuilder } from '../formats/onnx/graph-builder.ts';
import type { Arena } from '../numerics/arena.ts';
import type { Matrix } from '../numerics/matrix.ts';
import type { RowSource } from '../rows/row-source.ts';
import type { Table } from '../rows/table.ts';
import type { Split } from '../split/split.ts';
import type { NetworkTail } from './finetune/network/tail.ts';
import type { FitSize, MemoryPart } from './memory-parts.ts';
import type { HeadOptions, RawParams } from './parameters.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A named array of a saved head; `data.length` is the product of `shape`. */
export interface NamedArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array;
}

/** What a head says of itself, fitted or saved. */
interface HeadFacts {
  readonly model: string;
  readonly solver: string;
  readonly params: Readonly<Record<string, Json>>;
  readonly classes: readonly string[];
  readonly dims: number;
  /** Figures of the fit (objective, support vectors, out-of-bag score, feature importances …). */
  readonly details: Readonly<Record<string, Json>>;
}

/** A fitted head as plain data, as written to disk and restored by `load`. */
export interface SavedHead extends HeadFacts {
  readonly arrays: Readonly<Record<string, NamedArray>>;
}

/** What a fit says of its result. */
export interface FitFacts extends HeadFacts {
  readonly converged: boolean;
  /** Number of iterations, epochs or trees, according to `details`. */
  readonly iterations: number;
  /** Warnings for the user, e.g. not converged, constant features. */
  readonly warnings: readonly string[];
}

/** Checkpoints of long fits, by key. */
export interface Checkpoints {
  read(key: string): Promise<Uint8Array | undefined>;
  /** Atomically replaces the last checkpoint. */
  write(key: string, bytes: Uint8Array): Promise<void>;
}

/** Environment of a fit. Only `seed` affects the result. */
export interface FitContext {
  readonly seed: number;
  /** Upper bound of worker threads; the result does not depend on it. */
  readonly threads: number;
  /** Aborted on Ctrl-C: a fit stops within a second and throws InterruptedError. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the progress of the fit, e.g. once per epoch for Adam. */
  readonly onProgress?: ((event: FitProgress) => void) | undefined;
  /** Test rows, only for figures per epoch, never for choosing parameters. */
  readonly test?: Table<RowSource> | undefined;
  /** Embeds texts as unit vectors in the space of the rows, [texts, dims], if the rows' network has a text encoder. */
  readonly encodeWords?: ((texts: readonly string[]) => Promise<Matrix>) | undefined;
  /** Whether the fit only serves to find the temperature: a head may then stop earlier. */
  readonly forCalibration?: boolean;
  /** Arena for the state of a fit, which resets it at the start. Default: new arrays. */
  readonly arena?: Arena | undefined;
  /** Loads the layers after the tap, for a head that trains them. */
  readonly networkTail?: (() => Promise<NetworkTail>) | undefined;
  /** Checkpoints from which a long fit resumes. */
  readonly checkpoints?: Checkpoints | undefined;
}

export interface FitProgress {
  readonly stage: string;
  readonly done: number;
  /** An upper bound if the fit stops at convergence. */
  readonly total: number;
  readonly message?: string;
  /** Training loss per row, and the largest magnitude of its gradient. */
  readonly loss?: number;
  readonly gradient?: number;
  /** Rows read from disk so far over all passes, and the expected total, if known. */
  readonly rowsRead?: number;
  readonly rowsToRead?: number;
}

/** A head before it is fitted: parameters only. `fit` never changes it. */
export interface Head {
  readonly model: string;
  readonly solver: string;
  readonly params: Readonly<Record<string, Json>>;
  /** How a fit accesses its rows: in `blocks`, in repeated passes over memory or disk; or all in `memory`. */
  readonly rows: 'blocks' | 'memory';
  /** Whether its rows stay on disk even without `stream`, because they are too large. */
  readonly staysOnDisk?: boolean;
  /** Fits rows in memory or on disk; the results are equal up to rounding. */
  fit(train: Table<RowSource>, context: FitContext): Promise<FittedHead>;
  /** Peak memory of `fit` besides the given table or the blocks being read. */
  needs(size: FitSize): readonly MemoryPart[];
  /** Suggested options if that is too much. */
  readonly lighter?: string | undefined;
  /** How the head finds its temperature, if cheaper than by cross-validation. */
  readonly temperature?: TemperatureFit;
}

/** Fits a head and the temperature of its probabilities together. */
export interface TemperatureFit {
  /** Whether it gives a good temperature for this table; if not, cross-validation is used. */
  fits(train: Table<RowSource>): boolean;
  /** Name of the rows used: `out-of-bag`. */
  readonly rowsAre: string;
  /**
   * Returns the result of `Head.fit` and the temperature of its probabilities.
   *
   * @param judged weights of the rows for the temperature; with balanced classes, they differ from those of the fit
   */
  fit(
    train: Table<RowSource>,
    context: FitContext,
    judged: Float64Array | undefined,
  ): Promise<Temperature & { readonly fitted: FittedHead }>;
  needs(size: FitSize): readonly MemoryPart[];
}

/** The temperature fitted to held-out rows: softmax(inverse · log p) maximizes the likelihood. */
export interface Temperature {
  /** Inverse of the temperature of Guo et al., 2017. */
  readonly inverse: number;
  /** Number of held-out rows. */
  readonly rows: number;
  /** Conformal scores of those rows; absent if they had a part in the fit (in fine-tuning: if they are too few). */
  readonly scores?: Float64Array;
}

export interface FittedHead extends FitFacts {
  /** Whether its probabilities are calibrated; `uncalibrated` then returns those before. */
  readonly calibrated: boolean;
  /** Conformal scores of held-out training rows; absent if the fit held out none. */
  readonly heldOut?: { readonly scores: Float64Array; readonly rowsAre: string };
  /** The head chosen by a sweep, to fit again without the sweep. */
  readonly chosen?: Head;
  /** Class numbers and probabilities of rows, at the cost of one of them. */
  predictBoth(features: Matrix, options?: PredictOptions): Promise<Prediction>;
  /** Class probabilities, [rows, classes]; every row sums to 1. */
  predictProba(features: Matrix, options?: PredictOptions): Promise<Matrix>;
  /**
   * Class numbers, [rows], used wherever a prediction is needed. For the SVM they are decided by votes, as in
   * scikit-learn, and may not be the most probable class.
   */
  predict(features: Matrix): Promise<Int32Array>;
  save(): SavedHead;
}

export interface Prediction {
  readonly predicted: Int32Array;
  /** [rows, classes]; every row sums to 1. */
  readonly probabilities: Matrix;
}

export interface PredictOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether to return the probabilities before calibration. */
  readonly uncalibrated?: boolean;
  /** Whether the features may be scaled in place. */
  readonly overwrite?: boolean;
  /** Optional array for the probabilities, [rows, classes]. */
  readonly into?: Float32Array | undefined;
}

/** Predicted class numbers of a sweep: [point][fold][test row of the fold]. */
export type FoldPredictions = readonly (readonly Int32Array[])[];

/** Linear scores: score(c) = bias(c) + the sum over d of weight(c, d) * feature(d). */
export interface LinearScores {
  /** [classes, dims] */
  readonly weights: Float64Array;
  /** [classes]; a large negative number for a class without training rows. */
  readonly bias: Float64Array;
}

/** Names of output tensors in the ONNX graph of a head whose predicted class may not be the most probable. */
export interface OnnxAnswer {
  /** float32 [rows, classes] */
  readonly probabilities: string;
  /** int64 [rows], class numbers */
  readonly predicted: string;
}

/** Declaration of a head in `registry.ts`: creates and restores heads of one kind. */
export interface HeadKind {
  readonly model: string;
  /** The first one is the default. */
  readonly solvers: readonly string[];
  /** The parameters of `create` besides `solver`; options that no chosen head has are refused. */
  readonly options: HeadOptions;
  /** Whether `all` leaves it out, because it is slow or needs special rows. */
  readonly byNameOnly?: boolean;
  /** Creates an unfitted head; throws a usage UserError for an invalid parameter. */
  create(params: RawParams): Head;
  /** What `--calibrate auto` means: `none` if probabilities are fitted on held-out rows anyway, or a fit takes minutes. */
  autoCalibrate(params: RawParams): 'none' | 'temperature';
  /** The grid of `--sweep auto`, given the user's fixed parameters. */
  autoSweep(params: RawParams): Readonly<Record<string, readonly (string | number)[]>>;
  /**
   * Cross-validated predictions of every point of a sweep, sharing work between points and folds (a Gram matrix, warm
   * starts). Without it, each point is fitted on each fold separately, with the same results.
   *
   * @param points parameters as `create` takes them
   * @returns undefined if nothing can be shared
   */
  crossValidate?(
    points: readonly RawParams[],
    table: Table,
    folds: readonly Split[],
    context: FitContext,
  ): Promise<FoldPredictions> | undefined;
  /** Restores a saved head; throws UserError if it is damaged. */
  load(saved: SavedHead): FittedHead;
  /**
   * Adds a saved head to an ONNX graph, without scaling and temperature.
   *
   * @param features name of float32 [rows, dims]
   * @returns name of float32 [rows, classes]; undefined if its solver has no ONNX form
   */
  toOnnx(graph: GraphBuilder, features: string, saved: SavedHead): string | OnnxAnswer | undefined;
  /** Linear scores of a saved head, without its scaling; undefined or absent for non-linear heads. */
  linearScores?(saved: SavedHead): Promise<LinearScores | undefined>;
}

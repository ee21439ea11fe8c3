import type { GraphBuilder } from '../formats/onnx/graph-builder.ts';
import type { Arena } from '../numerics/arena.ts';
import type { Matrix } from '../numerics/matrix.ts';
import type { RowSource } from '../rows/row-source.ts';
import type { Table } from '../rows/table.ts';
import type { Split } from '../split/split.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { NetworkTail } from './finetune/network/tail.ts';
import type { FitSize, MemoryPart } from './memory-parts.ts';
import type { HeadOptions, RawParams } from './parameters.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A named array of a saved head; `data.length` is the product of `shape`. */
export interface NamedArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array;
}

/** A fitted head as plain data: what is written to disk, and what `load` of the same head takes back. */
export interface SavedHead {
  readonly model: string;
  readonly solver: string;
  readonly params: Readonly<Record<string, Json>>;
  readonly classes: readonly string[];
  /** Feature columns. */
  readonly dims: number;
  readonly details: Readonly<Record<string, Json>>;
  readonly arrays: Readonly<Record<string, NamedArray>>;
}

/** What a fit may use and tell. Nothing in it changes the answer but `seed`. */
export interface FitContext {
  readonly seed: number;
  /** Upper bound of worker threads; the answer does not depend on it. */
  readonly threads: number;
  /** Aborted on Ctrl-C: a fit stops within a second and throws InterruptedError. */
  readonly signal?: AbortSignal | undefined;
  /** Called with lines worth showing while a fit runs (one per epoch for Adam). */
  readonly onProgress?: ((event: FitProgress) => void) | undefined;
  /** Held-out rows for per-epoch figures alone; never for a choice. */
  readonly test?: Table<RowSource> | undefined;
  /** Texts to vectors of length 1 among the rows', [texts, dims]: where the network that made the rows knows words. */
  readonly encodeWords?: ((texts: readonly string[]) => Promise<Matrix>) | undefined;
  /** The fit serves to find the temperature alone: a head may stop sooner. */
  readonly forCalibration?: boolean;
  /** Where large states of a fit by blocks lie; it empties it when it begins. Default: arrays of its own. */
  readonly arena?: Arena | undefined;
  /** The network behind the tap whose maps the rows are: for a head that trains it further. */
  readonly networkTail?: (() => Promise<NetworkTail>) | undefined;
  /** Where a long fit keeps what it has reached, so that it resumes from there when it is begun again. */
  readonly checkpoints?: Checkpoints | undefined;
}

export interface FitProgress {
  readonly stage: string;
  readonly done: number;
  /** At most, where a fit ends when it has converged. */
  readonly total: number;
  readonly message?: string;
  /** Loss per row of training, and the largest part of its gradient. */
  readonly loss?: number;
  readonly gradient?: number;
  /** Rows read from the disk so far, those of every pass, and how many it will be, where that is known. */
  readonly rowsRead?: number;
  readonly rowsToRead?: number;
}

/** A head before it is fitted: parameters only. `fit` never changes it. */
export interface Head {
  readonly model: string;
  readonly solver: string;
  readonly params: Readonly<Record<string, Json>>;
  /**
   * What a fit needs of its rows: `blocks`, one after another and as often as it likes, so that they may stay on the
   * disk; or all of them in `memory`, where it loads them once.
   */
  readonly rows: 'blocks' | 'memory';
  /** Its rows are too large for memory: they are left on the disk without being asked for. */
  readonly staysOnDisk?: boolean;
  /** Fits rows wherever they are; from the disk by blocks, the answer is that of the rows in memory to the rounding of sums. */
  fit(train: Table<RowSource>, context: FitContext): Promise<FittedHead>;
  /** What `fit` holds at its peak beside the table it is given, or the rows that are being read. */
  needs(size: FitSize): readonly MemoryPart[];
  /** What to do instead, as a command line has it, where that is too much. */
  readonly lighter?: string | undefined;
  /** A cheaper way to the temperature of its probabilities than fits on folds, where the head has one. */
  readonly temperature?: TemperatureFit;
}

/** A head and the temperature of its probabilities, found in one fit. */
export interface TemperatureFit {
  /** Whether it gives such a table a fair temperature; where not, folds do. */
  fits(train: Table<RowSource>): boolean;
  /** What its rows are called: `out-of-bag`. */
  readonly rowsAre: string;
  /**
   * The head that `Head.fit` gives, and the temperature of its probabilities.
   *
   * @param judged what each row weighs for the temperature: with balanced classes not what it weighs for the fit
   */
  fit(
    train: Table<RowSource>,
    context: FitContext,
    judged: Float64Array | undefined,
  ): Promise<Temperature & { readonly fitted: FittedHead }>;
  needs(size: FitSize): readonly MemoryPart[];
}

/** What rows that a head had not seen say of its probabilities p: softmax(inverse · log p) fits them best. */
export interface Temperature {
  /** One over the temperature of Guo and others, 2017. */
  readonly inverse: number;
  /** How many rows told it; 0 if there is none to tell. */
  readonly rows: number;
  /** Conformal scores of those rows by the probabilities that the temperature gives; absent if they had a part in the fit (of fine-tuning, whose fit is long, if they are too few). */
  readonly scores?: Float64Array;
}

export interface FittedHead {
  readonly model: string;
  readonly solver: string;
  readonly params: Readonly<Record<string, Json>>;
  readonly classes: readonly string[];
  readonly dims: number;
  readonly converged: boolean;
  /** Iterations, epochs or trees; the meaning is in `details`. */
  readonly iterations: number;
  /** What the user should know: not converged, constant features, how probabilities were made. */
  readonly warnings: readonly string[];
  /** Figures of this fit (objective, support vectors, out-of-bag score, feature importances …). */
  readonly details: Readonly<Record<string, Json>>;
  /** Whether its probabilities were calibrated: it can then be asked for those from before that too. */
  readonly calibrated: boolean;
  /** Conformal scores of training rows that it judged without having seen them; absent if the fit gives none. */
  readonly heldOut?: { readonly scores: Float64Array; readonly rowsAre: string };
  /** The head that a sweep chose: what fits it again without the sweep. */
  readonly chosen?: Head;
  /** Class numbers and probabilities of rows, for what one of them costs. */
  predictBoth(features: Matrix, options?: PredictOptions): Promise<Prediction>;
  /** Class probabilities, [rows, classes]; every row sums to 1. */
  predictProba(features: Matrix, options?: PredictOptions): Promise<Matrix>;
  /**
   * Class numbers, [rows]: the answer wherever one is given, which accuracy counts. For the SVM they are won by votes, as
   * scikit-learn's, and the most probable class may be another.
   */
  predict(features: Matrix): Promise<Int32Array>;
  save(): SavedHead;
}

export interface Prediction {
  /** Class number of each row. */
  readonly predicted: Int32Array;
  /** [rows, classes]; every row sums to 1. */
  readonly probabilities: Matrix;
}

export interface PredictOptions {
  readonly signal?: AbortSignal | undefined;
  /** Probabilities before they were calibrated: what calibration is measured against. */
  readonly uncalibrated?: boolean;
  /** The features are nobody else's: they may be scaled in place. */
  readonly overwrite?: boolean;
  /** An array that the probabilities may be put into, [rows, classes]. */
  readonly into?: Float32Array | undefined;
}

/** Scores that are sums over the features of a row: score(c) = bias(c) + the sum over d of weight(c, d) * feature(d). */
export interface LinearScores {
  /** [classes, dims] */
  readonly weights: Float64Array;
  /** [classes]; far below zero for a class that no training row had. */
  readonly bias: Float64Array;
}

/** Of a head whose predicted class need not be the most probable one: names of tensors in its ONNX graph. */
export interface OnnxAnswer {
  /** float32 [rows, classes] */
  readonly probabilities: string;
  /** int64 [rows], class numbers */
  readonly predicted: string;
}

/** One line in the list of heads (`registry.ts`): how a name becomes a head, fresh or saved. */
export interface HeadKind {
  readonly model: string;
  /** The first one is the default. */
  readonly solvers: readonly string[];
  /** The parameters that `create` reads, beside `solver`: an option that no chosen head reads is refused. */
  readonly options: HeadOptions;
  /** It takes minutes, or rows of its own kind: `all` leaves it out. */
  readonly byNameOnly?: boolean;
  /** Makes an unfitted head; throws a usage UserError for a parameter that is not usable. */
  create(params: RawParams): Head;
  /**
   * What `--calibrate auto` does: `none` where the probabilities are fitted on held-out rows already, or a fit takes
   * minutes.
   */
  autoCalibrate(params: RawParams): 'none' | 'temperature';
  /** What `--sweep auto` tries, given the parameters that the user fixed. */
  autoSweep(params: RawParams): Readonly<Record<string, readonly (string | number)[]>>;
  /**
   * Predicts the test rows of every fold by every point of a sweep, sharing what points and folds have in common (a
   * Gram matrix, warm starts). Without it each point is fitted on each fold by itself, which gives the same answers.
   *
   * @param points parameters as `create` takes them
   * @returns class numbers: [point][fold][test row of the fold]; undefined if nothing can be shared
   */
  crossValidate?(
    points: readonly RawParams[],
    table: Table,
    folds: readonly Split[],
    context: FitContext,
  ): Promise<readonly (readonly Int32Array[])[]> | undefined;
  /** Restores a saved head; throws UserError if it is not whole. */
  load(saved: SavedHead): FittedHead;
  /**
   * Adds a saved head to an ONNX graph, its scaling and temperature apart.
   *
   * @param features name of float32 [rows, dims]
   * @returns name of float32 [rows, classes]; undefined if its solver has no ONNX form
   */
  toOnnx(graph: GraphBuilder, features: string, saved: SavedHead): string | OnnxAnswer | undefined;
  /**
   * What a saved head makes its probabilities of, its scaling apart; undefined, or absent, where that is no sum over the
   * features.
   */
  linearScores?(saved: SavedHead): Promise<LinearScores | undefined>;
}

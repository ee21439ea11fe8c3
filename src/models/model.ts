import type { Arena } from '../numerics/arena.ts';
import type { Matrix } from '../numerics/matrix.ts';
import type { StoredRows } from '../rows/stored-rows.ts';
import type { StoredTable, Table } from '../rows/table.ts';
import type { Split } from '../split/split.ts';
import type { FitSize, MemoryPart } from './memory-parts.ts';

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
  readonly signal?: AbortSignal;
  /** Called with lines worth showing while a fit runs (one per epoch for Adam). */
  readonly onProgress?: (event: FitProgress) => void;
  /** Held-out rows for per-epoch figures alone; never for a choice. */
  readonly test?: Table;
  /** The fit serves to find one factor of the probabilities alone: a head may stop sooner. */
  readonly forCalibration?: boolean;
}

/** The same for a fit on rows that stay on the disk. */
export interface StreamContext extends Omit<FitContext, 'test'> {
  readonly test?: StoredTable;
  /** Where large states lie; a fit empties it when it begins. */
  readonly arena: Arena;
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
  fit(train: Table, context: FitContext): Promise<FittedHead>;
  /** What `fit` holds at its peak beside the table it is given. */
  needs(size: FitSize): readonly MemoryPart[];
  /** What to do instead, as a command line has it, where that is too much. */
  readonly lighter?: string;
  /** A cheaper way to the slope that tempers its probabilities than fits on folds, where the head has one. */
  readonly tempered?: TemperedFit;
  /** How it is fitted on rows that stay on the disk. Absent where a head needs them all at once. */
  readonly stream?: StreamedFit;
}

export interface Tempered {
  readonly fitted: FittedHead;
  readonly slope: number;
  /** 0 where there is none to tell. */
  readonly rows: number;
}

export interface TemperedFit {
  /** Whether it gives such a table a fair slope; where not, folds do. */
  fits(train: Table): boolean;
  /** What its rows are called: `out-of-bag`. */
  readonly rowsAre: string;
  /**
   * The head that `Head.fit` gives, the slope of its log probabilities, and how many rows that it had not seen told it.
   *
   * @param judged what each row weighs for the slope: with balanced classes not what it weighs for the fit
   */
  fit(train: Table, context: FitContext, judged: Float64Array | undefined): Promise<Tempered>;
  needs(size: FitSize): readonly MemoryPart[];
}

export interface StreamedFit {
  /** A block of rows is in memory at a time; the answer is that of `Head.fit`, to the rounding of sums. */
  fit(train: StoredTable, context: StreamContext): Promise<StreamedHead>;
  /** What it holds, beside the rows that are being read. */
  needs(size: FitSize): readonly MemoryPart[];
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
  /** Class probabilities, [rows, classes]; every row sums to 1. */
  predictProba(features: Matrix): Promise<Matrix>;
  /** Class probabilities before they were calibrated, where they were: what calibration is measured against. */
  uncalibrated?(features: Matrix): Promise<Matrix>;
  /** Class numbers, [rows]. For the SVM these are votes, as scikit-learn's, and may differ from the largest probability. */
  predict(features: Matrix): Promise<Int32Array>;
  save(): SavedHead;
}

/**
 * Takes class probabilities of rows that stay on the disk, a block at a time.
 *
 * @param places rows of the features, in any order over all blocks
 * @param probabilities [places, classes]; overwritten by the next block
 */
export type TakeProbabilities = (places: Uint32Array, probabilities: Float32Array) => void;

/** A head that can be asked about rows that stay on the disk: it makes no large array per block. */
export interface StreamedHead extends FittedHead {
  eachProbability(features: StoredRows, context: StreamAsk, take: TakeProbabilities): Promise<void>;
  /** The same before they were tempered, where they were. */
  eachUncalibrated?(features: StoredRows, context: StreamAsk, take: TakeProbabilities): Promise<void>;
}

export interface StreamAsk {
  readonly signal?: AbortSignal | undefined;
}

/** A parameter of a head, as the command line and a sweep need to know it. */
export interface HeadOption {
  /** What `--help` says of it. */
  readonly describe: string;
  /** Which of two values makes the simpler head: a sweep takes that one where both do equally well. */
  readonly simpler?: 'smaller' | 'larger';
  /** It is on or off and has no value. */
  readonly flag?: true;
}

/** One line in the list of heads (`heads/index.ts`): how a name becomes a head, fresh or saved. */
export interface HeadKind {
  readonly model: string;
  /** The first one is the default. */
  readonly solvers: readonly string[];
  /** The parameters that `create` reads, beside `solver`: an option that no chosen head reads is refused. */
  readonly options: Readonly<Record<string, HeadOption>>;
  /** Makes an unfitted head; throws a usage UserError for a parameter that is not usable. */
  create(params: Readonly<Record<string, unknown>>): Head;
  /**
   * What `--calibrate auto` does: `none` where the probabilities are fitted on held-out rows already, or a fit takes
   * minutes.
   */
  autoCalibrate(params: Readonly<Record<string, unknown>>): 'none' | 'temperature';
  /** What `--sweep auto` tries, given the parameters that the user fixed. */
  autoSweep(params: Readonly<Record<string, unknown>>): Readonly<Record<string, readonly (string | number)[]>>;
  /**
   * Predicts the test rows of every fold by every point of a sweep, sharing what points and folds have in common (a
   * Gram matrix, warm starts). Without it each point is fitted on each fold by itself, which gives the same answers.
   *
   * @param points parameters as `create` takes them
   * @returns class numbers: [point][fold][test row of the fold]; undefined where nothing can be shared
   */
  crossValidate?(
    points: readonly Readonly<Record<string, unknown>>[],
    table: Table,
    folds: readonly Split[],
    context: FitContext,
  ): Promise<readonly (readonly Int32Array[])[]> | undefined;
  /** Restores a saved head; throws UserError when it is not whole. */
  load(saved: SavedHead): FittedHead;
}

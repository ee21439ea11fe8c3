import type { FitContext, FittedHead, Head } from '../../models/model.ts';
import type { Split } from '../../split/split.ts';
import type { TestScores } from './test-scores.ts';

/** One split made ready: heads are fitted on its training rows and tried on its test rows, wherever the rows are. */
export interface Trial {
  /** @param watched show the head the test rows, for its figures per epoch */
  fit(head: Head, context: Omit<FitContext, 'test'>, watched?: boolean): Promise<FittedHead>;
  score(fitted: FittedHead): Promise<TestScores>;
  /** What a head says of the test rows, in whatever blocks they are read. */
  eachProbability(fitted: FittedHead, take: TakeTested): Promise<void>;
  /** Log loss of probabilities before they were tempered; undefined where the head does not temper. */
  uncalibratedLogLoss(fitted: FittedHead): Promise<number | undefined>;
}

/**
 * @param places which of the test rows these are; undefined for all of them, as they stand
 * @param probabilities [places, classes]; may be overwritten by the next block
 */
export type TakeTested = (places: Uint32Array | undefined, probabilities: Float32Array) => void;

/** Makes a split ready. One trial at a time: the next one takes the memory of the last. */
export type OpenTrial = (split: Split) => Promise<Trial>;

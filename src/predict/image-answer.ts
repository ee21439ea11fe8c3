import type { ShownEvidence } from './evidence/evidence.ts';
import { type Classification, type ImagePrediction, type RankedClass, topClasses } from './predict.ts';
import type { LikePhoto, TrainingPhotos } from './training-photos.ts';
import type { ClassSet, SetOf } from './uncertainty.ts';

export interface ImageAnswer {
  /** The predicted class, then the most probable others. */
  readonly top: readonly RankedClass[];
  /** The most probable class, if the predicted class, chosen by votes, is less probable. */
  readonly mostProbable?: RankedClass;
  readonly set?: ClassSet;
  /** If abstaining is enabled: the only class of the set; null for "not sure", also if the photo is unlike the training photos. */
  readonly answer?: string | null;
  /** Whether it is unlike the training photos, if requested or the reason for "not sure". */
  readonly unlike?: boolean;
  readonly like?: readonly LikePhoto[];
  /** Class activation map of the predicted class, if requested and available. */
  readonly evidence?: ShownEvidence;
}

export interface AnswerOptions {
  readonly top: number;
  readonly setOf?: SetOf | undefined;
  /** Answer only if the set has one class and, where `photos` are given, the photo is like them. */
  readonly abstain?: boolean;
  /** Training photos for `abstain`, `unlike` and `why`. */
  readonly photos?: TrainingPhotos | undefined;
  readonly unlike?: boolean;
  readonly why?: boolean;
}

/**
 * Collects what was requested for an image.
 *
 * @param shown its evidence, with overlay if requested
 */
export async function imageAnswer(
  row: Classification & Pick<ImagePrediction, 'features'>,
  classes: readonly string[],
  options: AnswerOptions,
  shown?: ShownEvidence,
): Promise<ImageAnswer> {
  const { photos, abstain = false, unlike = false, why = false } = options;
  const answered = { ...classesOf(row, classes, options), ...(shown === undefined ? {} : { evidence: shown }) };
  if (photos === undefined || !(abstain || unlike || why)) return answered;
  const found = await photos.likenessOf(row.features);
  return {
    ...answered,
    ...(abstain && found.unlike ? { answer: null } : {}),
    ...(unlike || (abstain && found.unlike) ? { unlike: found.unlike } : {}),
    ...(why ? { like: found.like } : {}),
  };
}

function classesOf(
  answer: Classification,
  classes: readonly string[],
  { top, setOf, abstain = false }: AnswerOptions,
): ImageAnswer {
  const [first, second] = topClasses(answer, classes, 2) as [RankedClass, RankedClass?];
  const other = second !== undefined && second.probability > first.probability ? { mostProbable: second } : {};
  const answered = { top: topClasses(answer, classes, top), ...other };
  if (setOf === undefined) return answered;
  const set = setOf(answer);
  if (!abstain) return { ...answered, set };
  return { ...answered, set, answer: set.classes.length === 1 ? first.class : null };
}

import type { ShownEvidence } from './evidence/evidence.ts';
import type { ClassSet, SetOf } from './knowing.ts';
import { type Classification, type ImagePrediction, type RankedClass, topClasses } from './predict.ts';
import type { LikePhoto, TrainingPhotos } from './training-photos.ts';

/** What is said of an image. */
export interface Said {
  /** The predicted class, then the most probable others. */
  readonly top: readonly RankedClass[];
  /** Where the predicted class, won by votes, is less probable than this one. */
  readonly mostProbable?: RankedClass;
  /** Where sets were asked for. */
  readonly set?: ClassSet;
  /** Where abstaining was: the only class of the set, or null for "not sure". */
  readonly answer?: string | null;
  /** Where it was asked for: whether it is unlike the training photos. */
  readonly unlike?: boolean;
  /** Where the reasons were asked for: the nearest training photos. */
  readonly like?: readonly LikePhoto[];
  /** Where the evidence for the predicted class lies, where that was asked for and the head can say. */
  readonly evidence?: ShownEvidence;
}

export interface SayOptions {
  /** Classes to show. */
  readonly top: number;
  readonly setOf?: SetOf | undefined;
  /** One class, or none. */
  readonly abstain?: boolean;
  /** What `unlike` and `why` compare with. */
  readonly photos?: TrainingPhotos | undefined;
  readonly unlike?: boolean;
  readonly why?: boolean;
}

/**
 * Says of an image what was asked for.
 *
 * @param shown its evidence, drawn where it was to be
 */
export async function say(
  row: Classification & Pick<ImagePrediction, 'features'>,
  classes: readonly string[],
  options: SayOptions,
  shown?: ShownEvidence,
): Promise<Said> {
  const { photos, unlike = false, why = false } = options;
  const said = { ...classesOf(row, classes, options), ...(shown === undefined ? {} : { evidence: shown }) };
  if (photos === undefined || !(unlike || why)) return said;
  const found = await photos.likenessOf(row.features);
  return { ...said, ...(unlike ? { unlike: found.unlike } : {}), ...(why ? { like: found.like } : {}) };
}

function classesOf(
  answer: Classification,
  classes: readonly string[],
  { top, setOf, abstain = false }: SayOptions,
): Said {
  const [first, second] = topClasses(answer, classes, 2) as [RankedClass, RankedClass?];
  const other = second !== undefined && second.probability > first.probability ? { mostProbable: second } : {};
  const said = { top: topClasses(answer, classes, top), ...other };
  if (setOf === undefined) return said;
  const set = setOf(answer);
  if (!abstain) return { ...said, set };
  return { ...said, set, answer: set.classes.length === 1 ? first.class : null };
}

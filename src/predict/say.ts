import type { ShownEvidence } from './evidence/evidence.ts';
import type { ClassSet, SetOf } from './knowing.ts';
import { type ImagePrediction, type RankedClass, topClasses } from './predict.ts';
import type { LikePhoto, TrainingPhotos } from './training-photos.ts';

/** What is said of an image. */
export interface Said {
  /** The most probable classes. */
  readonly top: readonly RankedClass[];
  /** Where sets were asked for. */
  readonly set?: ClassSet;
  /** Where abstaining was: the only class of the set, or null for "not sure". */
  readonly answer?: string | null;
  /** Where it was asked for: whether it is unlike the training photos. */
  readonly unlike?: boolean;
  /** Where the reasons were asked for: the nearest training photos. */
  readonly like?: readonly LikePhoto[];
  /** Where the evidence for the most probable class lies, where that was asked for and the head can say. */
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
  { probabilities, features }: Pick<ImagePrediction, 'probabilities' | 'features'>,
  classes: readonly string[],
  options: SayOptions,
  shown?: ShownEvidence,
): Promise<Said> {
  const { photos, unlike = false, why = false } = options;
  const said = { ...classesOf(probabilities, classes, options), ...(shown === undefined ? {} : { evidence: shown }) };
  if (photos === undefined || !(unlike || why)) return said;
  const found = await photos.likenessOf(features);
  return { ...said, ...(unlike ? { unlike: found.unlike } : {}), ...(why ? { like: found.like } : {}) };
}

function classesOf(
  probabilities: Float32Array,
  classes: readonly string[],
  { top, setOf, abstain = false }: SayOptions,
): Said {
  const said = { top: topClasses(probabilities, classes, top) };
  if (setOf === undefined) return said;
  const set = setOf(probabilities);
  if (!abstain) return { ...said, set };
  const [first, ...others] = set.classes;
  return { ...said, set, answer: first !== undefined && others.length === 0 ? first.class : null };
}

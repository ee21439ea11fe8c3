import { basename } from 'node:path';
import { withoutExtension } from '../../extract/images/list/image-names.ts';
import type { ShownEvidence } from '../../predict/evidence/evidence.ts';
import { overlayPng } from '../../predict/evidence/overlay.ts';
import { classSets } from '../../predict/knowing.ts';
import { jsonOutput } from '../../predict/output.ts';
import { type SayOptions, say } from '../../predict/say.ts';
import type { TrainingPhotos } from '../../predict/training-photos.ts';
import { valueAt } from '../../system/at.ts';
import type { HeadRow, PhotoAnswer } from '../photos/classifier.ts';
import type { ServedHead } from '../served-head.ts';
import type { Asked } from './asked.ts';
import { HttpError } from './http-error.ts';

/** What a head may not be able to say of a photo. */
type Field = 'set' | 'like' | 'evidence';

/** In words, why a head does not say something. */
type Without = Readonly<Partial<Record<Field, string>>>;

/** A head and what it cannot say. */
interface AnsweringHead {
  readonly served: ServedHead;
  readonly without: Without;
}

/** @param withoutEvidence in words why the head has no evidence maps, where it has none */
export function answeringHead(served: ServedHead, withoutEvidence: string | undefined): AnsweringHead {
  const { photos, report } = served;
  return {
    served,
    without: {
      ...(report.conformal === undefined && { set: 'its report holds no conformal scores: classify again' }),
      ...(typeof photos === 'string' && { like: photos }),
      ...(withoutEvidence !== undefined && { evidence: withoutEvidence }),
    },
  };
}

/**
 * Refuses a question that no head can answer; of several heads, those that can do.
 *
 * @throws HttpError 400
 */
export function checkAsked(heads: readonly AnsweringHead[], asked: Asked): void {
  const wanted: readonly (readonly [name: string, wanted: boolean, fields: readonly Field[]])[] = [
    ['coverage', asked.coverage !== undefined, ['set']],
    ['unlike', asked.unlike, ['like']],
    ['why', asked.why, ['like', 'evidence']],
    ['overlay', asked.overlay, ['evidence']],
  ];
  for (const [name, isWanted, fields] of wanted) {
    const reasons = heads.map(({ without }) => fields.map((field) => without[field]));
    if (isWanted && reasons.flat().every((reason) => reason !== undefined)) {
      throw new HttpError(400, `${name} cannot be answered here: ${reasons[0]?.join('; ')}`);
    }
  }
}

/** One photo of a request under its name, and what the heads say of it. */
export interface Answered {
  readonly name: string;
  readonly answer: PhotoAnswer;
}

/** What `predict --json` prints; with several heads one such document for each, as `{ heads: […] }`. */
export async function documentOf(
  heads: readonly AnsweringHead[],
  photos: readonly Answered[],
  asked: Asked,
): Promise<string> {
  const documents: string[] = [];
  for (const [place, head] of heads.entries()) documents.push(await ofHead(head, place, photos, asked));
  return documents.length === 1 ? valueAt(documents, 0) : `{ "heads": [${documents.join(', ')}] }\n`;
}

async function ofHead(head: AnsweringHead, place: number, photos: readonly Answered[], asked: Asked): Promise<string> {
  const { name: headName, head: fitted } = head.served;
  const format = jsonOutput(headName);
  const options = sayOptions(head, asked);
  const pieces = [format.start];
  const failed: { readonly path: string; readonly reason: string }[] = [];
  for (const { name, answer } of photos) {
    if (answer.outcome === 'failed') failed.push({ path: name, reason: answer.reason });
    else {
      const row = valueAt(answer.rows, place);
      const said = await say(row, fitted.classes, options, await shown(row, asked));
      pieces.push(format.predicted(name, withoutExtension(basename(name)), said));
    }
  }
  return [...pieces, format.end(failed)].join('');
}

function sayOptions({ served, without }: AnsweringHead, { top, coverage, abstain, unlike, why }: Asked): SayOptions {
  const withSet = coverage !== undefined && without.set === undefined;
  const setOf = withSet ? classSets(served.report, coverage).setOf : undefined;
  const photos: TrainingPhotos | undefined = typeof served.photos === 'string' ? undefined : served.photos;
  return { top, setOf, abstain, photos, unlike, why };
}

async function shown({ evidence, pixels }: HeadRow, { overlay }: Asked): Promise<ShownEvidence | undefined> {
  if (!overlay || evidence === undefined || pixels === undefined) return evidence;
  return { ...evidence, png: Buffer.from(await overlayPng(pixels, evidence)).toString('base64') };
}

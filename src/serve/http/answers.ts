import { basename } from 'node:path';
import { withoutExtension } from '../../extract/images/list/image-names.ts';
import type { ShownEvidence } from '../../predict/evidence/evidence.ts';
import { overlayPng } from '../../predict/evidence/overlay.ts';
import { type AnswerOptions, imageAnswer } from '../../predict/image-answer.ts';
import { jsonOutput } from '../../predict/output.ts';
import type { TrainingPhotos } from '../../predict/training-photos.ts';
import { classSets } from '../../predict/uncertainty.ts';
import { valueAt } from '../../system/at.ts';
import type { HeadRow, PhotoAnswer } from '../photos/classifier.ts';
import type { ServedHead } from '../served-head.ts';
import type { Asked } from './asked.ts';
import { HttpError } from './http-error.ts';

type Field = 'set' | 'like' | 'evidence';

type Without = Readonly<Partial<Record<Field, string>>>;

interface AnsweringHead {
  readonly served: ServedHead;
  readonly without: Without;
}

/** @param withoutEvidence why the head has no class activation maps, if so */
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
 * Refuses a request that no head supports; with several heads, one is enough.
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

export interface Answered {
  readonly name: string;
  readonly answer: PhotoAnswer;
}

/** The document of `predict --json`; with several heads `{ heads: […] }` with one for each. */
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
  const options = answerOptions(head, asked);
  const pieces = [format.start];
  const failed: { readonly path: string; readonly reason: string }[] = [];
  for (const { name, answer } of photos) {
    if (answer.outcome === 'failed') failed.push({ path: name, reason: answer.reason });
    else {
      const row = valueAt(answer.rows, place);
      const answered = await imageAnswer(row, fitted.classes, options, await shown(row, asked));
      pieces.push(format.predicted(name, withoutExtension(basename(name)), answered));
    }
  }
  return [...pieces, format.end(failed)].join('');
}

function answerOptions(
  { served, without }: AnsweringHead,
  { top, coverage, abstain, unlike, why }: Asked,
): AnswerOptions {
  const withSet = coverage !== undefined && without.set === undefined;
  const setOf = withSet ? classSets(served.report, coverage).setOf : undefined;
  const photos: TrainingPhotos | undefined = typeof served.photos === 'string' ? undefined : served.photos;
  return { top, setOf, abstain, photos, unlike, why };
}

async function shown({ evidence, pixels }: HeadRow, { overlay }: Asked): Promise<ShownEvidence | undefined> {
  if (!overlay || evidence === undefined || pixels === undefined) return evidence;
  return { ...evidence, png: Buffer.from(await overlayPng(pixels, evidence)).toString('base64') };
}

import { UserError, usageError } from '../../errors.ts';
import { forest } from './forest.ts';
import type { FittedHead, Head, HeadKind, SavedHead } from './head.ts';
import { linear } from './linear.ts';
import { svm } from './svm.ts';

/** Every head: a new one is one file and one line here. */
export const headKinds: readonly HeadKind[] = [linear, svm, forest];

/** @throws a usage UserError when there is no such head, or a parameter is not usable */
export function createHead(model: string, params: Readonly<Record<string, unknown>> = {}): Head {
  return headKind(model).create(params);
}

/** @throws a usage UserError when there is no such head */
export function headKind(model: string): HeadKind {
  const kind = headKinds.find((candidate) => candidate.model === model);
  if (kind === undefined) throw usageError('--model', model, headKinds.map((known) => known.model).join(' | '));
  return kind;
}

/** @throws UserError when the head is of a kind that this version does not know, or is not whole */
export function loadHead(saved: SavedHead): FittedHead {
  const kind = headKinds.find((candidate) => candidate.model === saved.model);
  if (kind !== undefined) return kind.load(saved);
  throw new UserError({
    what: 'the saved head is of a kind that is not known here',
    found: saved.model,
    expected: headKinds.map((known) => known.model).join(' | '),
    fix: 'use the version of featuretap that saved it',
  });
}

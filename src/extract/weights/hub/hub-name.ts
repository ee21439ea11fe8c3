import { usageError } from '../../../system/errors.ts';

/** A network on a model hub: `hf:OWNER/NAME[@REVISION]`. */
export interface HubName {
  readonly owner: string;
  readonly name: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

const part = /^(?!\.)[\w.-]+$/;

/** @returns undefined for weights that are not on a hub. @throws a usage UserError if the name is malformed */
export function parseHubName(weights: string): HubName | undefined {
  if (!weights.startsWith('hf:')) return undefined;
  const [, owner = '', name = '', revision = 'main'] = /^hf:([^/@]*)\/([^/@]*)(?:@(.+))?$/.exec(weights) ?? [];
  const fits = part.test(owner) && part.test(name) && /^[\w./-]+$/.test(revision) && !revision.includes('..');
  if (!fits)
    throw usageError('--weights', weights, 'hf:OWNER/NAME or hf:OWNER/NAME@REVISION', {
      value: 'hf:onnx-community/dinov2-small',
    });
  return { owner, name, revision };
}

/** Whether a revision is a commit, whose content never changes. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  type ActivationRangesRequest,
  keepActivationRanges,
  keptActivationRanges,
  measureActivationRanges,
  type OpenedActivationRanges,
} from '../../extract/activation-ranges.ts';
import { hashOfJson } from '../../features/manifest/fingerprint.ts';
import { makeFolder } from '../../system/durable.ts';
import { partsFolder } from '../records/layout.ts';
import { renameWhereFree } from '../records/rename-where-free.ts';

/**
 * The activation ranges of an int8 set made in parts: the set's, else those shared by another part, else new ones,
 * which are shared. All parts use the same sample, but different processors may measure slightly different ranges, and
 * such parts could not be merged. So the first measurement is used by all.
 */
export async function sharedActivationRanges(request: ActivationRangesRequest): Promise<OpenedActivationRanges> {
  const { files, folder: set, network, preprocessing, seed } = request;
  const own = await keptActivationRanges(request);
  if (own !== undefined) return own;
  const folder = activationRangesFolder(set, { weightsSha256: network.weightsSha256, preprocessing, seed });
  const left = await keptActivationRanges({ ...request, folder });
  if (left !== undefined) return left;
  const made = await measureActivationRanges(request);
  const aside = `${folder}-${randomBytes(6).toString('hex')}`;
  await makeFolder(files, aside);
  await keepActivationRanges(files, aside, made);
  if (await renameWhereFree(files, aside, folder)) return made;
  await files.removeFolder(aside);
  // Another part was first: use its ranges and discard the network quantized with ours.
  await made.backbone?.close();
  return (await keptActivationRanges({ ...request, folder })) ?? (await sharedActivationRanges(request));
}

function activationRangesFolder(
  set: string,
  wanted: Pick<ActivationRangesRequest, 'preprocessing' | 'seed'> & { readonly weightsSha256: string },
): string {
  const { weightsSha256, preprocessing, seed } = wanted;
  return join(set, partsFolder, `int8-${hashOfJson({ weightsSha256, preprocessing, seed }).slice(0, 12)}`);
}

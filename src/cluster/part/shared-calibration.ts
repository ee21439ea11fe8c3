import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  type CalibrationRequest,
  keepCalibration,
  keptCalibration,
  newCalibration,
  type OpenedCalibration,
} from '../../extract/open-calibration.ts';
import { hashOfJson } from '../../features/manifest/fingerprint.ts';
import { makeFolder } from '../../system/durable.ts';
import { partsFolder } from '../records/layout.ts';
import { renameWhereFree } from '../records/rename-where-free.ts';

/**
 * The calibration of an int8 set that is made in parts: the set's own, else the one that a part has left for the others,
 * else a new one, which is left for the others. All parts draw the same sample; but two kinds of processor may measure
 * it to other last digits, and parts of two calibrations could not be merged. So the first one that is there counts.
 */
export async function sharedCalibration(request: CalibrationRequest): Promise<OpenedCalibration> {
  const { files, folder: set, network, preprocessing, seed } = request;
  const own = await keptCalibration(request);
  if (own !== undefined) return own;
  const folder = calibrationFolder(set, { weightsSha256: network.weightsSha256, preprocessing, seed });
  const left = await keptCalibration({ ...request, folder });
  if (left !== undefined) return left;
  const made = await newCalibration(request);
  const aside = `${folder}-${randomBytes(6).toString('hex')}`;
  await makeFolder(files, aside);
  await keepCalibration(files, aside, made);
  if (await renameWhereFree(files, aside, folder)) return made;
  await files.removeFolder(aside);
  // Another part was first: its calibration counts, and the network that was quantized with ours is of no use.
  await made.backbone?.close();
  return (await keptCalibration({ ...request, folder })) ?? (await sharedCalibration(request));
}

export function calibrationFolder(
  set: string,
  wanted: Pick<CalibrationRequest, 'preprocessing' | 'seed'> & { readonly weightsSha256: string },
): string {
  const { weightsSha256, preprocessing, seed } = wanted;
  return join(set, partsFolder, `int8-${hashOfJson({ weightsSha256, preprocessing, seed }).slice(0, 12)}`);
}

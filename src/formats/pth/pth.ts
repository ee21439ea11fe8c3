import { UserError } from '../../system/errors.ts';
import { readLegacyPth, startsLegacyPth } from './legacy.ts';
import type { PickleValue } from './pickle-value.ts';
import { readZipPth } from './zip.ts';

/**
 * Reads a file of torch.save, in the zip format (since PyTorch 1.6) or the legacy one. Dicts become PickleDict, tensors
 * StridedTensor, objects of other classes inert PickleRecord. Nothing in the file is executed.
 *
 * @param onRecord called with the class or function of each inert object
 * @throws UserError if the file is damaged or big-endian
 */
export async function readPth(
  bytes: Uint8Array,
  where: string,
  onRecord?: (name: string) => void,
): Promise<PickleValue> {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return readZipPth(bytes, where, onRecord);
  if (startsLegacyPth(bytes)) return readLegacyPth(bytes, where, onRecord);
  throw new UserError({
    what: 'This is not a file of torch.save',
    where,
    found:
      bytes.length === 0
        ? 'an empty file'
        : `a file that starts with ${Buffer.from(bytes.subarray(0, 8)).toString('hex')}`,
    expected: 'a zip archive (504b) or a legacy PyTorch file (80028a0a6cfc9c46)',
    fix: 'download the file again, or save it with Python: torch.save(model.state_dict(), "weights.pth")',
  });
}

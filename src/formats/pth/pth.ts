import { UserError } from '../../system/errors.ts';
import { readLegacyPth, startsLegacyPth } from './legacy.ts';
import type { PickleValue } from './pickle-value.ts';
import { readZipPth } from './zip.ts';

/**
 * What a file of torch.save holds: the zip format (since PyTorch 1.6) or the legacy one. Dicts arrive as PickleDict,
 * tensors as StridedTensor, objects of other classes as inert PickleRecord; nothing is computed or copied, and nothing in
 * the file is ever called.
 *
 * @param onRecord called with the class or function of each object that was left as a record
 * @throws UserError if the file is not whole or is big-endian
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

import { crc32 } from 'node:zlib';
import type { Entry } from 'yauzl';
import { lookUp } from '../../system/at.ts';
import { messageOf, UserError } from '../../system/errors.ts';
import { bytesPerElement } from '../element-types.ts';
import { unpickle } from './pickle.ts';
import type { PickleValue } from './pickle-value.ts';
import { TensorStorage } from './strided-tensor.ts';
import { broken, parseStorageId, torchGlobals } from './torch-globals.ts';

/**
 * torch.save since 1.6: a zip archive (64-bit where it is large) of stored entries under one folder: `data.pkl`, one
 * `data/KEY` per storage, `version`, and `byteorder` in later versions.
 */
export async function readZipPth(
  bytes: Uint8Array,
  where: string,
  onRecord?: (name: string) => void,
): Promise<PickleValue> {
  const entries = await readStoredEntries(bytes, where);
  const pickles = [...entries.keys()].filter((name) => /^[^/]*\/data\.pkl$/.test(name));
  const [pickleName] = pickles;
  if (pickleName === undefined || pickles.length > 1)
    throw broken(where, `${pickles.length} entries named data.pkl in the zip archive`, 'one');
  const folder = pickleName.slice(0, -'data.pkl'.length);
  const byteOrder = entries.get(`${folder}byteorder`);
  if (byteOrder !== undefined && Buffer.from(byteOrder).toString('latin1') !== 'little')
    throw broken(where, `byte order ${Buffer.from(byteOrder.subarray(0, 20)).toString('latin1')}`, 'little');

  const storages = new Map<string, TensorStorage>();
  const { value } = unpickle(lookUp(entries, pickleName), 0, {
    where,
    findGlobal: torchGlobals(where),
    onRecord,
    persistentLoad: (id) => {
      const { element, key, elementCount } = parseStorageId(id, where);
      const byteLength = elementCount * bytesPerElement[element];
      const known = storages.get(key);
      if (known !== undefined && known.type === element && known.byteLength === byteLength) return known;
      const data = entries.get(`${folder}data/${key}`);
      if (data?.length !== byteLength)
        throw broken(where, `${data?.length ?? 'no'} bytes in data/${key}`, `${byteLength}, as data.pkl says`);
      const storage = new TensorStorage(element, byteLength, data);
      storages.set(key, storage);
      return storage;
    },
  });
  return value;
}

/** Bytes of every entry by name, of a zip archive without compression. They are views; CRCs are checked. */
async function readStoredEntries(bytes: Uint8Array, where: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const entries = new Map<string, Uint8Array>();
  try {
    // Loaded on demand.
    const { fromBufferPromise } = await import('yauzl');
    const zip = await fromBufferPromise(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    for await (const entry of zip.eachEntry() as AsyncIterable<Entry>) {
      if (/^[^/]*\/(constants\.pkl$|code\/)/.test(entry.fileName)) throw torchScript(where);
      if (entry.compressionMethod !== 0 || entry.isEncrypted())
        throw broken(where, `the compressed entry ${entry.fileName}`, 'stored entries, as torch.save writes them');
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      const data = bytes.subarray(fileDataStart, fileDataStart + entry.compressedSize);
      if (entries.has(entry.fileName)) throw broken(where, `two entries named ${entry.fileName}`, 'one');
      if (data.length !== entry.compressedSize)
        throw broken(where, `${data.length} bytes of ${entry.fileName}`, String(entry.compressedSize));
      if (crc32(data) !== entry.crc32) throw broken(where, `${entry.fileName} with a wrong checksum`, 'its CRC-32');
      entries.set(entry.fileName, data);
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw broken(where, `a broken zip archive (${messageOf(error)})`, 'a whole one', error);
  }
  return entries;
}

function torchScript(where: string): UserError {
  return new UserError({
    what: 'This is a TorchScript archive, which holds a program',
    where,
    expected: 'a state dict',
    fix: 'save its state dict with Python: torch.save(torch.jit.load(FILE).state_dict(), "weights.pth")',
  });
}

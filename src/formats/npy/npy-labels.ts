import { UserError } from '../../system/errors.ts';
import { unpickle } from '../pth/pickle.ts';
import { PickleRecord, PickleTuple, type PickleValue } from '../pth/pickle-value.ts';
import { eachBlock, type NpyBytes, readExactly, readHeader, unusable, withFile } from './npy-header.ts';
import { textReader } from './npy-items.ts';

interface NpyLabels {
  readonly names: readonly string[];
  readonly numeric: boolean;
}

/**
 * Reads a vector of labels: integers (also as floats), booleans, text (`U`, `S`), or Python strings or integers as
 * objects, whose pickle is parsed without executing anything.
 *
 * @throws UserError for other types or shapes, and for fractional floats
 */
export async function readNpyLabels(source: string | NpyBytes): Promise<NpyLabels> {
  const path = typeof source === 'string' ? source : source.where;
  return withFile(source, async (file, bytes) => {
    const header = await readHeader(file, bytes, path);
    const { type, shape, itemBytes, bigEndian } = header;
    const flat = shape.length === 1 || (shape.length === 2 && shape[1] === 1);
    if (!flat) throw unusable(path, `shape (${shape.join(', ')})`, '(rows,)');
    if (type === 'O')
      return readObjects(await readExactly(file, header.dataOffset, bytes - header.dataOffset, path), shape, path);
    const read = textReader(type, itemBytes, bigEndian);
    if (read === undefined) throw unusable(path, `type ${type}`, 'whole numbers or text');
    const names: string[] = [];
    await eachBlock(file, header.dataOffset, bytes, path, itemBytes, (block) => {
      const view = new DataView(block.buffer, block.byteOffset, block.length);
      for (let i = 0; i < block.length; i += itemBytes) names.push(read(view, i));
    });
    if (type.startsWith('f')) checkWhole(names, path);
    return { names, numeric: !/^[US]/.test(type) };
  });
}

function readObjects(pickle: Uint8Array, shape: readonly number[], path: string): NpyLabels {
  const labels = readObjectItems(pickle, path);
  const count = shape.reduce((product, side) => product * side, 1);
  if (labels.names.length !== count)
    throw unusable(path, `${labels.names.length} objects`, `${count}, as its shape says`);
  return labels;
}

/** @throws UserError if a label is a fractional number */
export function checkWhole(names: readonly string[], where: string): void {
  const broken = names.filter((name) => !/^-?\d+$/.test(name));
  if (broken.length === 0) return;
  throw new UserError({
    what: 'these labels look like measurements, and regression is not supported',
    where,
    found: `${broken.slice(0, 3).join(', ')}: ${new Set(names).size} distinct numbers in ${names.length} rows`,
    expected: 'whole numbers or names of classes',
    fix: 'np.digitize or pandas.cut makes classes of measurements',
  });
}

/**
 * The items of an array of Python objects, which numpy.save writes as a pickle: strings, bytes, integers and booleans,
 * as text. Only parses the opcodes: no class is looked up and nothing is called.
 *
 * @throws UserError for any other kind of object
 */
export function readObjectItems(pickle: Uint8Array, where: string): { names: string[]; numeric: boolean } {
  const { value } = unpickle(pickle, 0, {
    where,
    findGlobal: (module, name) => ({ module, name, unknown: true }),
    persistentLoad: () => {
      throw unusableObjects(where, 'an object that lies elsewhere');
    },
  });
  // ndarray.__reduce__: (version, shape, dtype, whether Fortran order, items).
  const state = value instanceof PickleRecord && value.name === '_reconstruct' ? value.state : undefined;
  const items = state instanceof PickleTuple ? state.items[4] : undefined;
  if (!Array.isArray(items)) throw unusableObjects(where, 'a pickle that is no array of objects');
  const names = items.map((item) => textOf(item, where));
  return { names, numeric: items.every((item) => typeof item === 'number' || typeof item === 'bigint') };
}

function textOf(item: PickleValue, where: string): string {
  if (typeof item === 'string') return item;
  if (typeof item === 'bigint' || (typeof item === 'number' && Number.isInteger(item))) return String(item);
  if (typeof item === 'boolean') return item ? '1' : '0';
  if (item instanceof Uint8Array) return new TextDecoder().decode(item);
  const kind = item === null ? 'None' : item instanceof PickleRecord ? `${item.module}.${item.name}` : typeof item;
  throw unusableObjects(where, `an item that is ${kind}`);
}

function unusableObjects(where: string, found: string): UserError {
  return new UserError({
    what: 'the .npy file of Python objects is not usable',
    where,
    found,
    expected: 'strings or whole numbers',
    fix: 'np.save(path, y.astype(str)) saves text instead of Python objects',
  });
}

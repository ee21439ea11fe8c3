import { UserError } from '../../system/errors.ts';
import { unpickle } from '../pth/pickle.ts';
import { PickleRecord, PickleTuple, type PickleValue } from '../pth/pickle-value.ts';

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
      throw unusable(where, 'an object that lies elsewhere');
    },
  });
  // ndarray.__reduce__: (version, shape, dtype, whether Fortran order, items).
  const state = value instanceof PickleRecord && value.name === '_reconstruct' ? value.state : undefined;
  const items = state instanceof PickleTuple ? state.items[4] : undefined;
  if (!Array.isArray(items)) throw unusable(where, 'a pickle that is no array of objects');
  const names = items.map((item) => textOf(item, where));
  return { names, numeric: items.every((item) => typeof item === 'number' || typeof item === 'bigint') };
}

function textOf(item: PickleValue, where: string): string {
  if (typeof item === 'string') return item;
  if (typeof item === 'bigint' || (typeof item === 'number' && Number.isInteger(item))) return String(item);
  if (typeof item === 'boolean') return item ? '1' : '0';
  if (item instanceof Uint8Array) return new TextDecoder().decode(item);
  const kind = item === null ? 'None' : item instanceof PickleRecord ? `${item.module}.${item.name}` : typeof item;
  throw unusable(where, `an item that is ${kind}`);
}

function unusable(where: string, found: string): UserError {
  return new UserError({
    what: 'the .npy file of Python objects is not usable',
    where,
    found,
    expected: 'strings or whole numbers',
    fix: 'np.save(path, y.astype(str)) saves text instead of Python objects',
  });
}

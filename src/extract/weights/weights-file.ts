import { extname } from 'node:path';
import { elementCount, toFloat32 } from '../../formats/element-types.ts';
import { PickleDict, PickleRecord, type PickleValue } from '../../formats/pth/pickle-value.ts';
import { readPth } from '../../formats/pth/pth.ts';
import { StridedTensor } from '../../formats/pth/strided-tensor.ts';
import { decodeSafetensors } from '../../formats/safetensors.ts';
import type { WholeFile } from '../../formats/whole-file.ts';
import { lookUp } from '../../system/at.ts';
import { UserError, usageError } from '../../system/errors.ts';
import { nearestName } from '../../system/nearest.ts';
import type { UnreadTensor } from './check-state-dict.ts';
import { knownWeights } from './known-weights.ts';
import { packagedNames } from './packaged-weights.ts';

type WeightsFormat = 'safetensors' | 'pth' | 'onnx';

const formats: Readonly<Record<string, WeightsFormat>> = {
  '.safetensors': 'safetensors',
  '.pth': 'pth',
  '.pt': 'pth',
  '.ckpt': 'pth',
  '.tar': 'pth',
  '.onnx': 'onnx',
};

/** Format of a weights file by its name. */
export function weightsFormat(path: string): WeightsFormat {
  const extension = extname(path).toLowerCase();
  const format = Object.hasOwn(formats, extension) ? formats[extension] : undefined;
  if (format !== undefined) return format;
  const names = [...Object.keys(knownWeights), ...packagedNames];
  const instead = nearestName(path, [...names, 'random']);
  throw new UserError({
    ...usageError(
      '--weights',
      path,
      `a name (${names.join(', ')}, random, hf:OWNER/NAME), a .safetensors, .pth or .onnx file, or a folder`,
    ).parts,
    instead,
    option: { name: 'weights', value: 'resnet50' },
  });
}

/** Tensors of a file before conversion, and where they were. */
interface FileTensors {
  readonly tensors: ReadonlyMap<string, UnreadTensor>;
  /** Key of the state dict in a checkpoint with several; else absent. */
  readonly key?: string;
  /** Whether the key was given and is not the default one. */
  readonly otherKey?: boolean;
  readonly warnings: readonly string[];
}

/**
 * Tensors of a .safetensors or .pth file by name; nothing is converted yet.
 *
 * @param key of the state dict in a checkpoint
 * @throws UserError if the file has no state dict, none under that key, or several without a usual key
 */
export async function readTensors(file: WholeFile, format: 'safetensors' | 'pth', key?: string): Promise<FileTensors> {
  if (format === 'safetensors') {
    if (key !== undefined) throw keyNotTaken(key, file.path);
    const { tensors } = decodeSafetensors(file.bytes, file.path);
    const unread = [...tensors].map(
      ([name, { type, shape, bytes }]) => [name, { shape, read: () => toFloat32(type, bytes) }] as const,
    );
    return { tensors: new Map(unread), warnings: [] };
  }
  const records = new Set<string>();
  const root = await readPth(file.bytes, file.path, (name) => records.add(name));
  return takeStateDict(root, file.path, key, [...records]);
}

/** The error for `--weights-key` with weights that have no keys. */
export function keyNotTaken(key: string, weights: string): UserError {
  return usageError('--weights-key', `${key}, and --weights ${weights}`, 'a checkpoint of torch.save: a .pth file');
}

/** Usual keys of the state dict in a checkpoint, by preference. */
const usualKeys = ['state_dict', 'model_state_dict', 'model', 'net', 'network', 'teacher'];

function takeStateDict(root: PickleValue, where: string, asked: string | undefined, records: string[]): FileTensors {
  const found = stateDictsOf(root);
  const keys = [...found.keys()];
  const usual = found.has('')
    ? ''
    : (usualKeys.find((name) => found.has(name)) ?? (keys.length === 1 ? keys[0] : undefined));
  const key = asked ?? usual;
  const dict = key === undefined ? undefined : found.get(key);
  if (dict === undefined || key === undefined) throw noStateDict(root, where, asked, keys, records);
  const tensors = new Map<string, UnreadTensor>();
  for (const [name, value] of dict)
    if (typeof name === 'string' && value instanceof StridedTensor)
      tensors.set(name, { shape: value.shape, read: () => spread(value, name, where) });
  const others = keys.filter((name) => name !== key);
  const warnings: string[] = [];
  if (others.length > 0) {
    const rest = others.map((name) => (name === '' ? 'the tensors beside it' : name)).join(', ');
    warnings.push(`${where}: ${key} was used; --weights-key selects another: ${rest}`);
  }
  if (records.length > 0) {
    const shown = records.slice(0, 5).join(', ');
    const more = records.length > 5 ? ` and ${records.length - 5} more` : '';
    warnings.push(`${where}: objects other than tensors were ignored, and none of their code was run: ${shown}${more}`);
  }
  return { tensors, warnings, ...(others.length > 0 || asked !== undefined ? { key, otherKey: key !== usual } : {}) };
}

/** Dicts that hold tensors by name, by their keys from the root (`model.state_dict`); '' is the root itself. */
function stateDictsOf(root: PickleValue): ReadonlyMap<string, PickleDict> {
  const found = new Map<string, PickleDict>();
  const seen = new Set<PickleValue>();
  const look = (value: PickleValue, path: readonly string[]): void => {
    if (!(value instanceof PickleDict) || seen.has(value)) return;
    seen.add(value);
    const tensorCount = [...value].filter(
      ([name, item]) => typeof name === 'string' && item instanceof StridedTensor,
    ).length;
    if (tensorCount > 0) found.set(path.join('.'), value);
    if (path.length === 2) return;
    for (const [name, item] of value) if (typeof name === 'string') look(item, [...path, name]);
  };
  look(root, []);
  // A dict that directly contains tensors is a state dict.
  return found.has('') ? new Map([['', lookUp(found, '')]]) : found;
}

function noStateDict(
  root: PickleValue,
  where: string,
  asked: string | undefined,
  keys: readonly string[],
  records: readonly string[],
): UserError {
  const seen = records.length === 0 ? '' : `; objects of ${records.slice(0, 3).join(', ')}, which are not created`;
  if (keys.length > 0) {
    return new UserError({
      what:
        asked === undefined
          ? 'This checkpoint holds several state dicts'
          : `This checkpoint holds no state dict ${asked}`,
      where,
      found: keys.join(', '),
      expected: asked === undefined ? `one of them named ${usualKeys.join(', ')}` : 'one of those',
      fix: keys.map((name) => `--weights-key ${name}`).join(' or '),
      exitCode: 2,
    });
  }
  const kind =
    root instanceof PickleRecord
      ? `an object of ${root.module}.${root.name}`
      : root instanceof PickleDict
        ? `a dict of ${describeKeys(root)}`
        : 'something else than a dict';
  return new UserError({
    what: 'This file holds no state dict',
    where,
    found: `${kind}${seen}`,
    expected: `a dict of tensors, or one under ${usualKeys.slice(0, 3).join(', ')}`,
    fix: 'save it with Python: torch.save(model.state_dict(), "weights.pth")',
  });
}

function describeKeys(dict: PickleDict): string {
  return dict.size === 0 ? 'nothing' : [...dict.keys()].slice(0, 5).map(String).join(', ');
}

/** A stride of 0 would repeat one stored number: no trained weight does, and it could allocate any amount of memory. */
function spread(tensor: StridedTensor, name: string, where: string): Float32Array {
  const stored = tensor.storage.elementCountAs(tensor.type);
  if ((elementCount(tensor.shape) ?? Number.POSITIVE_INFINITY) > stored)
    throw new UserError({
      what: `The tensor ${name} is larger than what is stored of it`,
      where,
      found: `shape [${tensor.shape.join(', ')}] over ${stored} stored numbers`,
      expected: 'a number stored for each element',
    });
  return tensor.toFloat32();
}

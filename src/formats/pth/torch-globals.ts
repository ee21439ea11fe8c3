import { UserError } from '../../system/errors.ts';
import { type ElementType, elementCount } from '../element-types.ts';
import { PickleDict, type PickleGlobal, PickleTuple, type PickleValue } from './pickle-value.ts';
import { StridedTensor, TensorStorage } from './strided-tensor.ts';

/** torch's storage classes (torch/storage.py) and what one element of each is. */
// biome-ignore format: a table
const storageTypes: Readonly<Record<string, ElementType>> = {
  DoubleStorage: 'F64', FloatStorage: 'F32', HalfStorage: 'F16', BFloat16Storage: 'BF16', LongStorage: 'I64',
  IntStorage: 'I32', ShortStorage: 'I16', CharStorage: 'I8', ByteStorage: 'U8', BoolStorage: 'BOOL',
  // Bytes; the tensor's own dtype says what they are.
  UntypedStorage: 'U8',
};

/** torch.dtype objects, which `_rebuild_tensor_v3` is given. */
// biome-ignore format: a table
const dtypes: Readonly<Record<string, ElementType>> = {
  float64: 'F64', float32: 'F32', float16: 'F16', bfloat16: 'BF16', int64: 'I64', int32: 'I32', int16: 'I16',
  int8: 'I8', uint64: 'U64', uint32: 'U32', uint16: 'U16', uint8: 'U8', bool: 'BOOL',
};

interface TypeGlobal extends PickleGlobal {
  readonly element: ElementType;
}

/** What a pickle of a state dict needs; everything else is a name without a meaning, of which nothing is ever made. */
export function torchGlobals(where: string): (module: string, name: string) => PickleGlobal {
  const callables: Readonly<Record<string, (args: readonly PickleValue[]) => PickleValue>> = {
    'collections.OrderedDict': (args) => orderedDict(args, where),
    'collections.defaultdict': () => new PickleDict(),
    'torch.Size': (args) => (args[0] instanceof PickleTuple ? args[0] : new PickleTuple([])),
    'torch._utils._rebuild_tensor': (args) => rebuildTensor(args, where),
    'torch._utils._rebuild_tensor_v2': (args) => rebuildTensor(args, where),
    'torch._utils._rebuild_tensor_v3': (args) => rebuildTensor(args, where, elementOf(args[6])),
    'torch._utils._rebuild_parameter': ([data]) => parameter(data, where),
    'torch._utils._rebuild_parameter_with_state': ([data]) => parameter(data, where),
    // A tensor with attributes, or of a class of its own: the function and arguments that make the tensor alone.
    'torch._tensor._rebuild_from_type_v2': ([make, , args]) => {
      const { call } = (make ?? {}) as Partial<PickleGlobal>;
      if (call !== undefined && args instanceof PickleTuple) return call(args.items);
      throw broken(where, 'a tensor of a class of its own', 'what makes a tensor');
    },
  };
  return (module, name) => {
    const call = Object.hasOwn(callables, `${module}.${name}`) ? callables[`${module}.${name}`] : undefined;
    if (call !== undefined) return { module, name, call };
    const inStorage = module === 'torch' || (module === 'torch.storage' && name === 'UntypedStorage');
    const element = inStorage && Object.hasOwn(storageTypes, name) ? storageTypes[name] : undefined;
    if (element !== undefined) return { module, name, element } satisfies TypeGlobal;
    const dtype = module === 'torch' && Object.hasOwn(dtypes, name) ? dtypes[name] : undefined;
    if (dtype !== undefined) return { module, name, element: dtype } satisfies TypeGlobal;
    return { module, name, unknown: true };
  };
}

/** What a persistent id of a storage says: ('storage', class, key, location, numel, …). */
interface StorageId {
  readonly element: ElementType;
  readonly key: string;
  readonly elementCount: number;
  /** Legacy files only: (key, offset, size) of a part of the storage, in elements. */
  readonly part?: { readonly key: string; readonly offset: number; readonly elementCount: number };
}

export function parseStorageId(id: PickleValue, where: string): StorageId {
  const items = id instanceof PickleTuple ? id.items : [];
  const [kind, storageClass, key, , numel, view] = items;
  const element = elementOf(storageClass);
  if (kind !== 'storage' || element === undefined || typeof key !== 'string' || !isCount(numel))
    throw broken(where, 'a persistent id that names no storage', "('storage', class, key, location, size)");
  const whole = { element, key, elementCount: numel };
  if (view === undefined || view === null) return whole;
  const [partKey, offset, size] = view instanceof PickleTuple ? view.items : [];
  if (typeof partKey !== 'string' || !isCount(offset) || !isCount(size) || offset + size > numel)
    throw broken(where, `a part of storage ${key} that lies outside it`, `a part of its ${numel} elements`);
  return { ...whole, part: { key: partKey, offset, elementCount: size } };
}

function parameter(data: PickleValue | undefined, where: string): StridedTensor {
  if (data instanceof StridedTensor) return data;
  throw broken(where, 'a parameter that is no tensor', 'a tensor');
}

function elementOf(value: PickleValue | undefined): ElementType | undefined {
  return typeof value === 'object' && value !== null && 'element' in value ? (value as TypeGlobal).element : undefined;
}

function rebuildTensor(args: readonly PickleValue[], where: string, dtype?: ElementType): StridedTensor {
  const [storage, offset, size, stride] = args;
  if (!(storage instanceof TensorStorage)) throw broken(where, 'a tensor without a storage', 'a storage');
  const shape = size instanceof PickleTuple ? size.items : undefined;
  const strides = stride instanceof PickleTuple ? stride.items : undefined;
  if (!isCount(offset) || elementCount(shape) === undefined || strides?.length !== shape?.length)
    throw broken(where, 'a tensor without a shape', 'whole numbers for offset, size and stride');
  if (!strides?.every(isCount)) throw broken(where, 'a tensor with a negative stride', 'strides from 0');
  const type = dtype ?? storage.type;
  const tensor = new StridedTensor(storage, type, offset, shape as readonly number[], strides as readonly number[]);
  if (tensor.elementsNeeded() > storage.elementCountAs(type))
    throw broken(
      where,
      `a tensor of shape [${tensor.shape}] that needs ${tensor.elementsNeeded()} elements`,
      `at most the ${storage.elementCountAs(type)} of its storage`,
    );
  return tensor;
}

function orderedDict(args: readonly PickleValue[], where: string): PickleDict {
  const dict = new PickleDict();
  const pairs = args[0] ?? [];
  if (!Array.isArray(pairs)) throw broken(where, 'an OrderedDict of what is no list', 'a list of pairs');
  for (const pair of pairs) {
    const [key, value] = Array.isArray(pair) ? pair : pair instanceof PickleTuple ? pair.items : [];
    if (key === undefined || value === undefined) throw broken(where, 'an OrderedDict of what are no pairs', 'pairs');
    dict.set(key, value);
  }
  return dict;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

export function broken(where: string, found: string, expected: string, cause?: unknown): UserError {
  return new UserError({
    what: 'This is not a complete .pth file',
    where,
    found,
    expected,
    fix: 'save or download the file again',
    cause,
  });
}

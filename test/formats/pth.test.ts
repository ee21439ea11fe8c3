import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { unpickle } from '../../src/formats/pth/pickle.ts';
import { PickleDict, type PickleValue } from '../../src/formats/pth/pickle-value.ts';
import { readPth } from '../../src/formats/pth/pth.ts';
import { StridedTensor } from '../../src/formats/pth/strided-tensor.ts';
import { UserError } from '../../src/system/errors.ts';
import { projectRoot } from '../reference.ts';

/** Written by scripts/fixtures/formats/pth.py with PyTorch 1.13. */
const folder = join(projectRoot, 'test/fixtures/pth');
const fixture = (name: string): Uint8Array => readFileSync(join(folder, name));

function dict(value: PickleValue | undefined): PickleDict {
  assert.ok(value instanceof PickleDict);
  return value;
}

function tensor(value: PickleValue | undefined): StridedTensor {
  assert.ok(value instanceof StridedTensor);
  return value;
}

const state: Record<string, { shape: number[]; values: number[] }> = JSON.parse(
  readFileSync(join(folder, 'state.json'), 'utf8'),
);

for (const name of ['zip.pth', 'zip-protocol4.pth', 'legacy.pth']) {
  test(`reads every storage type, stride and shared storage of ${name} as PyTorch does`, async () => {
    const read = dict(await readPth(fixture(name), name));
    assert.deepEqual([...read.keys()], Object.keys(state));
    for (const [key, { shape, values }] of Object.entries(state)) {
      const found = tensor(read.get(key));
      assert.deepEqual(found.shape, shape, key);
      assert.deepEqual(found.toFloat32(), Float32Array.from(values), key);
    }
    assert.equal(tensor(read.get('whole')).storage, tensor(read.get('slice')).storage);
  });
}

test('reads the other entries of a checkpoint beside the weights', async () => {
  const read = dict(await readPth(fixture('checkpoint.pth'), 'checkpoint.pth'));
  assert.equal(read.get('epoch'), 90);
  assert.equal(read.get('best'), 0.76);
  assert.equal(read.get('seed'), 2n ** 70n);
  assert.deepEqual(read.get('milestones'), [30, 60]);
  assert.equal(read.get('none'), null);
  assert.equal(read.get('done'), true);
  const weights = dict(read.get('state_dict'));
  assert.deepEqual(tensor(weights.get('module.0.weight')).shape, [2, 1, 1, 1]);
  assert.deepEqual(tensor(weights.get('module.1.num_batches_tracked')).toFloat32(), Float32Array.of(0));
});

test("reads a module's own state dict in the legacy format", async () => {
  const read = dict(await readPth(fixture('module-legacy.pth'), 'x'));
  assert.deepEqual(tensor(read.get('1.running_var')).toFloat32(), Float32Array.of(1, 1));
});

test('a number expanded to 2^52 elements by strides of 0 is not expanded on reading', async () => {
  const read = dict(await readPth(fixture('stride-zero-bomb.pth'), 'x'));
  assert.deepEqual(tensor(read.get('conv1.weight')).shape, [2 ** 26, 2 ** 26]);
});

const lightningRecords: readonly string[] = [
  'lightning.fabric.utilities.data.AttributeDict',
  'pathlib.PurePosixPath',
  'numpy.dtype',
  '_codecs.encode',
  'numpy.core.multiarray.scalar',
  'numpy.core.multiarray._reconstruct',
];

/** The objects skipped in each file; none is ever created or called. */
const records: Readonly<Record<string, readonly string[]>> = {
  'os-system.pth': ['posix.system'],
  'eval.pth': ['__builtin__.eval'],
  'getattr.pth': ['__builtin__.getattr'],
  'namespace.pth': ['argparse.Namespace'],
  'numpy-scalar.pth': ['numpy.dtype', '_codecs.encode', 'numpy.core.multiarray.scalar'],
  'whole-module.pth': [
    'torch.nn.modules.container.Sequential',
    'torch.nn.modules.conv.Conv2d',
    'torch.nn.modules.batchnorm.BatchNorm2d',
    '__builtin__.set',
  ],
  'sparse.pth': ['torch.serialization._get_layout', 'torch._utils._rebuild_sparse_tensor'],
  'inst.pth': ['os.system'],
  'torchvision-reference.pth': [
    'argparse.Namespace',
    'pathlib.PurePosixPath',
    'torch.device',
    'numpy.dtype',
    '_codecs.encode',
    'numpy.core.multiarray.scalar',
  ],
  'lightning.ckpt': lightningRecords,
  'lightning-legacy.ckpt': lightningRecords,
};

test('every file with objects is listed here', () => {
  assert.deepEqual(readdirSync(join(folder, 'inert')).sort(), Object.keys(records).sort());
});
for (const [name, expected] of Object.entries(records)) {
  test(`reads past the objects in ${name}, lists them and creates none`, async () => {
    const found = new Set<string>();
    await readPth(fixture(join('inert', name)), name, (record) => found.add(record));
    assert.deepEqual([...found].sort(), [...expected].sort());
    assert.ok(!existsSync('/tmp/featuretap-was-here'));
  });
}

test('tensors beside objects are the same as without them, in both formats', async () => {
  const reference = dict(await readPth(fixture('inert/torchvision-reference.pth'), 'x'));
  const plain = dict(dict(await readPth(fixture('checkpoint.pth'), 'x')).get('state_dict'));
  assert.deepEqual(
    [...dict(reference.get('model')).keys()],
    [...plain.keys()].map((key) => String(key).replace('module.', '')),
  );
  for (const name of ['lightning.ckpt', 'lightning-legacy.ckpt']) {
    const weights = dict(dict(await readPth(fixture(`inert/${name}`), name)).get('state_dict'));
    assert.deepEqual(
      tensor(weights.get('model.0.weight')).toFloat32(),
      tensor(dict(reference.get('model')).get('0.weight')).toFloat32(),
    );
  }
});

const refusals: Readonly<Record<string, RegExp>> = {
  'torchscript.pth': /TorchScript/,
  'big-endian.pth': /byte order big/,
  'big-endian-legacy.pth': /big-endian/,
  'compressed.pth': /compressed entry/,
  'short-storage.pth': /12 bytes in data\/0\n.*16, as data.pkl says/,
  'no-storage.pth': /no bytes in data\/9/,
  'no-pickle.pth': /0 entries named data.pkl/,
  'flipped-bit.pth': /data\/0 with a wrong checksum/,
  'tar.pth': /not a file of torch.save/,
  'past-the-end.pth': /needs 5 elements/,
  'huge-shape.pth': /shape \[2147483648,2147483648\]|without a shape/,
  'negative-stride.pth': /negative stride/,
};

test('every invalid file has its message here', () => {
  assert.deepEqual(readdirSync(join(folder, 'refused')).sort(), Object.keys(refusals).sort());
});
for (const [name, message] of Object.entries(refusals)) {
  test(`rejects ${name} by name`, async () => {
    await assert.rejects(
      readPth(fixture(join('refused', name)), name),
      (error) => error instanceof UserError && message.test(error.message) && error.message.includes(name),
    );
    assert.ok(!existsSync('/tmp/featuretap-was-here'));
  });
}

for (const name of ['ones.pth', 'legacy.pth']) {
  test(`rejects ${name} truncated at any byte`, async () => {
    const bytes = fixture(name);
    for (let length = 0; length < bytes.length; length++) {
      await assert.rejects(readPth(bytes.subarray(0, length), name), UserError, `${length} bytes`);
    }
  });
}

test('rejects a pickle that is nested too deeply before memory is allocated for it', () => {
  const environment = { where: 'deep.pth', findGlobal: () => undefined, persistentLoad: () => null };
  const deep = 300_000;
  for (const [start, step, end] of [
    [0x29, [0x85], 0x2e], // a tuple of a tuple of …
    [0x5d, [0x5d, 0x61], 0x2e], // lists that are appended
    [0x28, [0x28], 0x2e], // lists that are opened
  ] as const) {
    const body = step.length === 1 ? new Uint8Array(deep).fill(step[0]) : nestedLists(deep);
    const bytes = Uint8Array.of(start, ...[]);
    const whole = new Uint8Array(bytes.length + body.length + 1);
    whole.set(bytes);
    whole.set(body, bytes.length);
    whole[whole.length - 1] = end;
    assert.throws(() => unpickle(whole, 0, environment), /at most 1000/);
  }
  // The depth that Python writes.
  const allowed = Uint8Array.of(0x29, ...new Array<number>(900).fill(0x85), 0x2e);
  assert.doesNotThrow(() => unpickle(allowed, 0, environment));
});

/** Lists that are all opened first and then appended from the innermost one outwards. */
function nestedLists(depth: number): Uint8Array {
  const bytes = new Uint8Array(2 * depth);
  bytes.fill(0x5d, 0, depth);
  bytes.fill(0x61, depth);
  return bytes;
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chooseDevice, tryDevice } from '../../../../src/extract/backbone/devices/devices.ts';
import { explainFailure } from '../../../../src/extract/backbone/devices/explain.ts';
import { type ProbeResult, probeDevice } from '../../../../src/extract/backbone/devices/probe.ts';
import { loadNetwork } from '../../../../src/extract/network-source.ts';
import { runOnSwiftShader, skipsSwiftShader } from '../../../swift-shader.ts';
import { fixture, preprocessing } from '../fixtures.ts';

const missingVulkan = [
  'Failed to get a WebGPU adapter: No supported adapters',
  "Warning: Couldn't load Vulkan: libvulkan.so.1: cannot open shared object file: No such file or directory",
].join('\n');

/** A probe with fixed answers per device. */
function answering(answers: Partial<Record<string, ProbeResult>>): typeof probeDevice {
  return async (device) => answers[device] ?? { works: false, message: 'not asked for' };
}

const working = (seconds: number, values = [1, 2, 3]): ProbeResult => ({
  works: true,
  values,
  firstSeconds: 1,
  seconds,
});

test('the CPU runs a small batch in a child process', async () => {
  const report = await tryDevice('cpu');
  assert.ok(report.works);
  assert.equal(report.values.length, 64);
  assert.ok(report.values.every(Number.isFinite));
  assert.ok(new Set(report.values).size > 32);
});

test('a device whose process dies is reported with its exit code or signal', async () => {
  const result = await probeDevice('cpu', { NODE_OPTIONS: '--require=/no/such/file' });
  assert.ok(!result.works);
  assert.match(result.message, /ended with code 1[\s\S]*no\/such\/file/);
});

test('auto uses a GPU that is faster and agrees, and otherwise says why not', async () => {
  const auto = (webgpu: ProbeResult): ReturnType<typeof chooseDevice> =>
    chooseDevice('auto', answering({ webgpu, cpu: working(0.01) }), () => true);
  assert.equal((await auto(working(0.001))).device, 'webgpu');
  const slow = await auto(working(2));
  assert.equal(slow.device, 'cpu');
  assert.match(slow.passedOver.join('\n'), /webgpu: slower than the CPU here: 2000\.0 ms against 10\.0 ms/);
  for (const values of [
    [1, 2, 3.1],
    [1, 2],
    [1, 2, Number.NaN],
    [Number.NaN, 2, 3],
  ]) {
    const wrong = await auto(working(0.001, values));
    assert.equal(wrong.device, 'cpu');
    assert.match(wrong.passedOver.join('\n'), /webgpu: its results differ/);
  }
  const absent = await auto({ works: false, message: missingVulkan });
  assert.match(absent.passedOver.join('\n'), /webgpu: the Vulkan loader libvulkan\.so\.1 is not installed/);
  const unasked = async (): Promise<never> => assert.fail('there is nothing to try');
  assert.deepEqual(await chooseDevice('auto', unasked, () => false), {
    device: 'cpu',
    passedOver: ['cuda, webgpu: there is no GPU'],
  });
});

test('a named device that is missing is an error with a fix, and never replaced by the CPU', async () => {
  const probe = answering({ webgpu: { works: false, message: missingVulkan } });
  await assert.rejects(
    chooseDevice('webgpu', probe),
    /--device webgpu is not available[\s\S]*apt-get install libvulkan1/,
  );
});

test("messages of ONNX Runtime's libraries are translated into what to install", () => {
  const cublas =
    'Failed to load library libonnxruntime_providers_cuda.so with error: libcublasLt.so.12: cannot open shared object file: No such file or directory';
  assert.deepEqual(explainFailure('cuda', cublas), {
    reason: 'libcublasLt.so.12 was not found',
    fix:
      "install an NVIDIA driver, CUDA 12 and cuDNN 9; where they are, name their folders in LD_LIBRARY_PATH (PyTorch's: " +
      'site-packages/nvidia/*/lib); for another CUDA: npm run setup:cuda -- --wheel FILE',
  });
  const newer = explainFailure('cuda', cublas.replace('Lt.so.12', 'Lt.so.13'));
  assert.match(newer.fix, /CUDA 13 and cuDNN 9/);
  assert.match(explainFailure('cuda', 'CUDA failure 100: no CUDA-capable device is detected').reason, /no NVIDIA GPU/);
  assert.match(explainFailure('webgpu', 'No supported adapters').reason, /no GPU driver/);
  assert.deepEqual(explainFailure('webgpu', '\n  something new\nmore'), {
    reason: 'something new',
    fix: '--device cpu',
  });
});

test('CUDA without its library is reported as missing before it is tried', async (context) => {
  const never: typeof probeDevice = () => assert.fail('tried');
  const report = await tryDevice('cuda', async (device) => {
    // On a machine with the library the device is tried.
    context.diagnostic(`${device} was tried: its library is installed here`);
    return { works: false, message: 'no CUDA-capable device' };
  });
  assert.ok(!report.works);
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    assert.match((await tryDevice('cuda', never)).works ? '' : report.reason, /has no cuda on/);
  }
});

test('int8 on a GPU is rejected before it is tried', async () => {
  const network = await loadNetwork(fixture('resnet-tiny.safetensors'), { device: 'webgpu' });
  const sample = { seed: 0, images: [], pixels: { rowCount: 0, crop: 64, bytesNHWC: new Uint8Array(0) } };
  const preparing = network.prepareInt8(preprocessing(64), 'avgpool', sample);
  await assert.rejects(preparing, /int8 with --device webgpu[\s\S]*--device cpu/);
});

test('resnet-tiny on WebGPU, with a software Vulkan driver, agrees with PyTorch', {
  skip: skipsSwiftShader,
}, async () => {
  const script = fileURLToPath(new URL('./run-on-device.ts', import.meta.url));
  const { device, worst } = (await runOnSwiftShader(script, ['webgpu'])) as { device: string; worst: number };
  assert.equal(device, 'webgpu');
  assert.ok(worst < 1e-4, `worst row off by ${worst}`);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runOnSwiftShader, skipsSwiftShader } from '../../swift-shader.ts';

test('steps on WebGPU, with a software Vulkan driver, give the weights of those on the CPU', {
  skip: skipsSwiftShader,
}, async () => {
  const script = fileURLToPath(new URL('./steps-on-device.ts', import.meta.url));
  const worst = await runOnSwiftShader(script, ['webgpu']);
  assert.ok(typeof worst === 'number' && worst < 1e-4, `off by ${worst}`);
});

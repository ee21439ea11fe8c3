import type { NetworkTail, TailConv } from '../../../src/models/finetune/network/tail.ts';
import { randomState } from '../../../src/numerics/mt19937.kernel.ts';

/** Two basic blocks with random weights on maps of a few channels. */
export function drawnTail(mapShape: NetworkTail['mapShape'], seed = 5, channels = 12): NetworkTail {
  const random = randomState(seed);
  const conv = (name: string, norm: string, inChannels: number, kernel: number): TailConv => ({
    ...{ conv: name, norm, inChannels, outChannels: channels, kernel, stride: 1, padding: (kernel - 1) / 2 },
  });
  const block = (at: string, inChannels: number) => ({
    name: at,
    main: [conv(`${at}.conv1`, `${at}.bn1`, inChannels, 3), conv(`${at}.conv2`, `${at}.bn2`, channels, 3)],
    ...(inChannels === channels ? {} : { shortcut: conv(`${at}.downsample.0`, `${at}.downsample.1`, inChannels, 1) }),
  });
  const blocks = [block('layer4.0', mapShape[0]), block('layer4.1', channels)];
  const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const { main, shortcut } of blocks) {
    for (const { conv: name, norm, inChannels, kernel } of [...main, ...(shortcut ? [shortcut] : [])]) {
      const depth = inChannels * kernel * kernel;
      const bound = Math.sqrt(3 / depth);
      const data = Float32Array.from({ length: channels * depth }, () => bound * (2 * random.double() - 1));
      tensors.set(`${name}.weight`, { shape: [channels, inChannels, kernel, kernel], data });
      const parts = { weight: 1, bias: 0.1, running_mean: 0, running_var: 1 };
      for (const [part, value] of Object.entries(parts)) {
        tensors.set(`${norm}.${part}`, { shape: [channels], data: new Float32Array(channels).fill(value) });
      }
    }
  }
  return { tap: 'layer3', mapShape, blocks, normEpsilon: 1e-5, tensors, weightsSha256: '0'.repeat(64) };
}

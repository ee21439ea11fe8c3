import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tapsVerb } from '../../src/cli/taps.ts';
import type { Session } from '../../src/cli/verb.ts';
import type { RawOptions } from '../../src/system/options.ts';
import { fixture } from '../extract/backbone/fixtures.ts';

async function run(options: RawOptions): Promise<{ lines: readonly string[]; document: unknown }> {
  const lines: string[] = [];
  let document: unknown;
  const session: Session = {
    json: true,
    quiet: true,
    debug: false,
    signal: new AbortController().signal,
    command: 'featuretap taps',
    args: [],
    print: (text) => lines.push(text),
    printJson: (value) => {
      document = value;
    },
    write: async () => undefined,
    note: () => undefined,
    warn: () => undefined,
  };
  assert.equal(await tapsVerb.run(options, session), 0);
  return { lines, document };
}

test('lists the stages of a state dict first, with shape and tensor', async () => {
  const { lines, document } = await run({ weights: fixture('resnet-tiny.safetensors'), crop: '64' });
  assert.match(lines[0] ?? '', /^resnet-tiny from .*one image of 64 x 64 pixels$/);
  assert.ok(lines.some((line) => /^avgpool +\[256, 2, 2\] +layer4\.0$/.test(line)));
  const { taps } = document as { taps: { name: string; shape: number[] }[] };
  assert.deepEqual(taps[0], { name: 'stem', tensor: 'maxpool', shape: [8, 16, 16] });
});

test('takes the crop from the input of an ONNX graph, and rejects another', async () => {
  const weights = fixture('user.onnx');
  const { lines } = await run({ weights });
  assert.match(lines[0] ?? '', /64 x 64/);
  await assert.rejects(run({ weights, crop: '224' }), /--crop 64/);
});

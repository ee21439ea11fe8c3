import assert from 'node:assert/strict';
import { test } from 'node:test';
import { devicesVerb } from '../../src/cli/devices.ts';
import type { Session } from '../../src/cli/verb.ts';

test('prints a line for every engine and device: that it works, or what is missing and how to install it', async () => {
  const lines: string[] = [];
  const session: Session = {
    json: false,
    quiet: true,
    debug: false,
    signal: new AbortController().signal,
    command: 'featuretap devices',
    args: [],
    print: (text) => lines.push(text),
    printJson: () => undefined,
    write: async () => undefined,
    note: () => undefined,
    warn: () => undefined,
  };
  assert.equal(await devicesVerb.run({}, session), 0);
  const starts = lines.slice(1).map((line) => line.split(/ +/).slice(0, 2).join(' '));
  assert.deepEqual(starts.slice(0, 3), ['onnx cuda', 'onnx webgpu', 'onnx cpu']);
  assert.match(starts[3] ?? '', /^tensorflow/);
  assert.match(lines[3] ?? '', /yes +[\d.]+ ms/);
  // A device that does not work has the reason and, after a colon, what to do.
  for (const line of lines.slice(1)) assert.match(line, / yes +[\d.]+ ms|no +\S.*: \S+/);
});

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runChild } from '../../../scripts/bench/stream/run-child.ts';
import { formatBytes } from '../../../src/system/durable.ts';

const large = { rows: 25_600, dims: 2048, classes: 10, dtype: 'float32' } as const;
const featureBytes = 4 * large.rows * large.dims;

let root: string;
let idleBytes: number;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'featuretap-peak-'));
  runChild(['draw', join(root, 'idle'), JSON.stringify({ ...large, rows: 40, dims: 4 })]);
  runChild(['draw', join(root, 'large'), JSON.stringify(large)]);
  // The same program with next to nothing to do: its modules are loaded, ONNX Runtime has run.
  idleBytes = peakOf('idle', ['--test-size', '10']);
  assert.ok(process.memoryUsage.rss() < idleBytes, 'a child inherits the peak of a parent that is larger than itself');
});
after(() => rm(root, { recursive: true }));

function peakOf(name: string, more: readonly string[]): number {
  const command = ['run', 'classify', '--model', 'linear', '--max-iterations', '3', '--threads', '2', '--quiet'];
  const folders = ['--features', join(root, name), '--out', join(root, 'out')];
  return runChild([...command, ...folders, ...more]).peakBytes;
}

test('by stream a run on 210 MB of features stays within 64 MB beyond the idle process', () => {
  const grown = peakOf('large', ['--stream', '--memory', '64MB']) - idleBytes;
  assert.ok(grown <= 64e6, `${formatBytes(grown)} beyond ${formatBytes(idleBytes)}`);
});

test('in memory the features are there once, and once more at most where a calibration copies the rows of a fold', () => {
  const plain = peakOf('large', ['--calibrate', 'none']) - idleBytes;
  assert.ok(plain >= featureBytes, `${formatBytes(plain)}: the measure misses the features`);
  assert.ok(plain <= 1.4 * featureBytes, `${formatBytes(plain)} for ${formatBytes(featureBytes)} of features`);
  const calibrated = peakOf('large', []) - idleBytes;
  assert.ok(
    calibrated <= 2.2 * featureBytes,
    `${formatBytes(calibrated)} for ${formatBytes(featureBytes)} of features`,
  );
});

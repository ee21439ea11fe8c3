import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { drawFolder } from '../extract/drawn-data.ts';
import { trainHeads } from '../predict/trained.ts';
import { projectRoot } from '../reference.ts';

describe('a signal', { timeout: 120_000, skip: process.platform === 'win32' ? 'no signals here' : false }, () => {
  let root = '';
  let head = '';
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'featuretap-signals-'));
    head = (await trainHeads(root, { models: [['ridge', {}]] })).reports[0]?.report as string;
  });
  after(() => rm(root, { recursive: true }));

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`sent once, ends a run that waits for standard input: ${signal}`, async () => {
      const child = start(['predict', '--head', head, '--submission', join(root, 'out.csv'), '-']);
      // Now the network is open, and the run waits for paths.
      await said(child, () => filesOf(root, 'out.csv.').then((names) => names.length > 0));
      child.kill(signal);
      assert.deepEqual(await once(child, 'exit'), [130, null]);
      assert.deepEqual(await filesOf(root, 'out.csv'), []);
    });
  }

  it('sent twice, ends a network that never returns', async () => {
    const data = join(root, 'data');
    await drawFolder(data, 4);
    const weights = join(projectRoot, 'test/fixtures/onnx/loops-for-ever.onnx');
    const options = ['--data', data, '--cache', join(root, 'cache'), '--weights', weights, '--tap', 'features'];
    const child = start(['extract', ...options]);
    await said(child, (text) => text.includes('device:'));
    // The first images are in the network now; if not, the first signal ends the run as usual.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    child.kill('SIGTERM');
    await said(child, (text) => text.includes('\nstopping '));
    child.kill('SIGTERM');
    const [code, by] = await once(child, 'exit');
    assert.ok(by === 'SIGKILL' || code === 130, `${code ?? by}`);
  });
});

const heard = new WeakMap<ChildProcess, string>();

function start(args: readonly string[]): ChildProcess {
  const script = join(projectRoot, 'scripts/featuretap.cjs');
  const child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'ignore', 'pipe'] });
  heard.set(child, '');
  child.stderr?.on('data', (text) => heard.set(child, heard.get(child) + String(text)));
  return child;
}

/** Resolves when the run has printed the text; rejects if it ends before. */
async function said(child: ChildProcess, sofar: (stderr: string) => boolean | Promise<boolean>): Promise<void> {
  const started = Date.now();
  while (!(await sofar(heard.get(child) as string))) {
    if (Date.now() - started > 60_000) child.kill('SIGKILL');
    assert.equal(child.exitCode ?? child.signalCode, null, heard.get(child));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function filesOf(folder: string, start: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith(start));
}

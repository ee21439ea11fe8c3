import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
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
  after(async () => {
    for (const { child } of runs) child.kill('SIGKILL');
    await rm(root, { recursive: true });
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`sent once, ends a run that waits for standard input: ${signal}`, async () => {
      const run = start(['predict', '--head', head, '--submission', join(root, 'out.csv'), '-']);
      // By then the network is open, and the run waits for paths.
      await run.until(() => filesOf(root, 'out.csv.').then((names) => names.length > 0));
      run.child.kill(signal);
      assert.deepEqual(await run.ended, [130, null]);
      assert.deepEqual(await filesOf(root, 'out.csv'), []);
    });
  }

  it('sent twice, ends a network that never returns', async () => {
    const data = join(root, 'data');
    await drawFolder(data, 4);
    const weights = join(projectRoot, 'test/fixtures/onnx/loops-for-ever.onnx');
    const options = ['--data', data, '--cache', join(root, 'cache'), '--weights', weights, '--tap', 'features'];
    // Nothing tells when the network runs. A signal that comes before is heard as usual: then once more, and later.
    for (let [waitMs, isHeld] = [500, false]; !isHeld; waitMs *= 2) {
      const run = start(['extract', ...options]);
      await run.until(() => run.stderr.includes('device:'));
      await sleep(waitMs);
      run.child.kill('SIGTERM');
      await run.until(() => run.stderr.includes('\nstopping '));
      run.child.kill('SIGTERM');
      const [code, by] = await run.ended;
      assert.ok(by === 'SIGKILL' || code === 130, `${code ?? by}`);
      isHeld = run.stderr.includes('\nstopping at the end of the step under way');
    }
  });
});

/** The command line in a process of its own. */
class Run {
  readonly child: ChildProcess;
  /** Its exit code and signal, when all that it printed was read. */
  readonly ended: Promise<readonly unknown[]>;
  stderr = '';
  #hasEnded = false;

  constructor(args: readonly string[]) {
    const script = join(projectRoot, 'scripts/featuretap.cjs');
    this.child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'ignore', 'pipe'] });
    this.child.stderr?.on('data', (text) => {
      this.stderr += text;
    });
    this.ended = once(this.child, 'close').finally(() => {
      this.#hasEnded = true;
    });
  }

  /** Resolves when the run has come so far; fails where it ends before. */
  async until(isSoFar: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isSoFar())) {
      if (this.#hasEnded) assert.fail(this.stderr);
      await sleep(20);
    }
  }
}

const runs: Run[] = [];

function start(args: readonly string[]): Run {
  const run = new Run(args);
  runs.push(run);
  return run;
}

async function filesOf(folder: string, start: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith(start));
}

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import { sameSet } from '../../scripts/cluster/same-set.ts';
import { fixture } from '../extract/backbone/fixtures.ts';
import { drawFolder } from '../extract/drawn-data.ts';
import { featuretap } from './command.ts';

test('parts, status and merge work, and missing parts are printed as an array expression', async () => {
  const root = await mkdtemp(join(tmpdir(), 'featuretap-cli-parts-'));
  try {
    await drawFolder(join(root, 'photos'), 12);
    // A day on: files as young as those of a test are not remembered, and the second run would say that it does.
    mock.timers.enable({ apis: ['Date'], now: Date.now() + 86_400_000 });
    const network = ['--weights', fixture('resnet-tiny.safetensors'), '--resize', '32', '--crop', '32', '--quiet'];
    const where = ['--data', join(root, 'photos'), '--cache', join(root, 'cache'), '--name', 'set'];
    const run = (...args: readonly string[]) => featuretap(args);
    const json = ({ stdout }: { readonly stdout: string }) => JSON.parse(stdout) as Record<string, unknown>;

    const first = await run('extract', ...where, ...network, '--part', '0/2', '--json');
    assert.equal(first.status, 0, first.stderr);
    assert.deepEqual(json(first)['part'], { index: 0, count: 2 });
    const again = await run('extract', ...where, ...network, '--part', '0/2');
    assert.match(again.stdout, /part 0 of 2: already complete, nothing changed: 6 inputs/);

    const early = await run('merge', ...where, ...network, '--parts', '2', '--json');
    assert.equal(early.status, 1);
    assert.match(early.stderr, /1 of 2 parts is missing or incomplete[\s\S]*--array=1/);
    assert.deepEqual([json(early)['merged'], json(early)['array']], [false, '1']);
    const status = await run('status', ...where.slice(2));
    assert.match(status.stdout, /1 of 2 parts done[\s\S]*waiting: 1 \(1\)[\s\S]*--array=1/);

    assert.equal((await run('extract', ...where, ...network, '--part', '2/2')).status, 2);
    assert.equal((await run('extract', ...where, ...network, '--part', '0/2', '--prune')).status, 2);
    assert.equal((await run('extract', ...where, ...network, '--part', '1/2')).status, 0);
    assert.equal((await run('merge', ...where, '--crop', '64')).status, 2);
    const merged = await run('merge', ...where, ...network, '--parts', '2', '--wait');
    assert.equal(merged.status, 0, merged.stderr);
    assert.match(merged.stdout, /2 parts merged: 12 new, 0 kept; 12 inputs, each with its row/);
    assert.match((await run('merge', ...where)).stdout, /2 parts merged: 0 new, 12 kept/);

    await run('extract', ...where.slice(0, 2), '--cache', join(root, 'alone'), '--name', 'set', ...network);
    assert.equal(await sameSet(join(root, 'alone', 'set'), join(root, 'cache', 'set')), 12);
  } finally {
    mock.timers.reset();
    await rm(root, { recursive: true });
  }
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { before, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { joinRows } from '../../src/classify/data/labelled-data.ts';
import { openFeatureSet } from '../../src/features/reader.ts';
import { headFile } from '../../src/models/saved-head.ts';
import { loadNetworkTail } from '../../src/predict/network-tail.ts';
import { featuretap } from '../cli/command.ts';
import { projectRoot } from '../reference.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type TrainedHeads, trainHeads } from './trained.ts';

interface Predicted {
  readonly images: readonly { id: string; top: readonly { class: string; probability: number }[] }[];
}

const root = temporaryFolder();
let maps: TrainedHeads;
before(async () => {
  maps = await trainHeads(root, {
    models: [],
    tap: 'layer3',
    pool: 'none',
    dtype: 'float16',
  });
});

test('the command line trains on maps on disk, and predicts photos as it tested them', async () => {
  const out = join(root, 'by-command');
  const asked = ['--model', 'finetune', '--epochs', '2', '--batch', '8', '--test-size', '0.3', '--calibrate', 'none'];
  const ran = await featuretap(['classify', '--features', maps.features, ...asked, '--out', out, '--json']);
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stderr, /by stream within/);
  assert.match(ran.stderr, /epoch 2\/2: lr .*training loss .*validation loss .*correct .* s/);
  const [{ report }] = JSON.parse(ran.stdout) as [{ report: string }];
  assert.deepEqual(await readdir(join(out, 'checkpoints')), [], 'a finished run leaves no checkpoint');

  const predicted = await featuretap(['predict', '--head', report, maps.data, '--json', '--top', '1']);
  assert.equal(predicted.status, 0, predicted.stderr);
  const { images } = JSON.parse(predicted.stdout) as Predicted;
  const answers = new Map(images.map(({ id, top: [best] }) => [id, best]));
  const tested: { id: string; predicted: string; probability: string }[] = parse(
    await readFile(join(report, 'predictions.csv')),
    { columns: true },
  );
  assert.ok(tested.length >= 10, `${tested.length} test images`);
  for (const { id, predicted: name, probability } of tested) {
    assert.equal(answers.get(basename(id))?.class, name, id);
    assert.ok(Math.abs((answers.get(basename(id))?.probability ?? 0) - Number(probability)) < 1e-3, id);
  }
});

test('a killed run continues from its last epoch to the same head', async () => {
  const args = ['classify', '--features', maps.features, '--model', 'finetune', '--epochs', '12', '--batch', '4'];
  const more = ['--lr', '1e-4', '--patience', '12'];
  const undisturbed = await featuretap([...args, ...more, '--out', join(root, 'undisturbed'), '--json']);
  assert.equal(undisturbed.status, 0, undisturbed.stderr);
  const out = join(root, 'killed');
  const script = join(projectRoot, 'scripts/featuretap.cjs');
  // By itself, where it says so: a signal from here may come when it is done.
  const killAtEpoch = `data:text/javascript,${encodeURIComponent(
    `const { write } = process.stderr;
    process.stderr.write = function (text, ...rest) {
      write.call(this, text, ...rest);
      if (text.includes('epoch 2/12')) process.kill(process.pid, 'SIGKILL');
    };`,
  )}`;
  const program = ['--import', killAtEpoch, script, ...args, ...more, '--out', out];
  const { signal, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8' });
  assert.equal(signal, 'SIGKILL', stderr);
  const resumed = await featuretap([...args, ...more, '--out', out, '--json']);
  assert.equal(resumed.status, 0, resumed.stderr);
  assert.doesNotMatch(resumed.stderr, /epoch 1\/12/);
  const headOf = ({ stdout }: { stdout: string }) =>
    readFile(join((JSON.parse(stdout) as [{ report: string }])[0].report, headFile));
  assert.deepEqual(await headOf(resumed), await headOf(undisturbed));
});

test('features that are not whole maps of a ResNet are rejected with the command that makes them', async () => {
  const pooled = await trainHeads(join(root, 'pooled'), { models: [['linear', {}]], perClass: 4 });
  const { featureSet } = joinRows(await openFeatureSet(pooled.features), { maxMissing: 0 });
  const said = /needs whole maps[\s\S]*avgpool, pool mean[\s\S]*--tap layer3 --pool none/;
  await assert.rejects(loadNetworkTail(featureSet), said);
  const asked = ['--model', 'finetune', '--test-size', '4', '--out', join(root, 'none')];
  const ran = await featuretap(['classify', '--features', pooled.features, ...asked]);
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, said);
  const { fields } = featureSet;
  const last = { ...featureSet, rowShape: [256, 2, 2], fields: { ...fields!, pool: 'none' as const } };
  await assert.rejects(loadNetworkTail(last), /no block behind the maps[\s\S]*maps of avgpool/);
});

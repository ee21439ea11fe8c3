import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { before, describe, test } from 'node:test';
import { parsePredictions } from '../../src/classify/result/predictions.ts';
import { type Answer, type Answered, classify, createHead, type PredictOptions, predict } from '../../src/index.ts';
import { featuretap } from '../cli/command.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { trainHeads } from './trained.ts';

interface Image {
  readonly top: Answered['classes'];
  readonly mostProbable?: Answered['mostProbable'];
  readonly set: readonly string[];
  readonly answer: string | null;
  readonly unlike: boolean;
  readonly like: NonNullable<Answered['like']>;
  readonly evidence: NonNullable<Answered['evidence']>;
}

describe("the library's predict", { timeout: 300_000 }, () => {
  const root = temporaryFolder();
  let linear = '';
  let neighbours = '';
  let red = '';
  let data = '';
  let features = '';
  before(async () => {
    const { reports, ...trained } = await trainHeads(root, {
      models: [
        ['linear', { calibrate: 'temperature' }],
        ['knn', {}],
      ],
    });
    [linear = '', neighbours = ''] = reports.map(({ report }) => report);
    ({ data, features } = trained);
    red = join(data, 'red', 'red-00.png');
  });

  const first = async (options: Omit<PredictOptions, 'images'>): Promise<Answered> => {
    const answers: Answer[] = [];
    for await (const answer of predict({ ...options, images: [red] })) answers.push(answer);
    const [answer] = answers;
    assert.ok(answer !== undefined && 'classes' in answer);
    return answer;
  };

  test('returns the sets, marks and reasons of the command, with types of their own', async () => {
    const said = await first({ head: linear, coverage: 0.8, abstain: true, unlike: true, why: true });
    const args = ['--coverage', '0.8', '--abstain', '--unlike', '--why', '--json', red];
    const [image] = (
      JSON.parse((await featuretap(['predict', '--head', linear, ...args])).stdout) as { images: Image[] }
    ).images;
    assert.deepEqual(said.classes, image?.top);
    assert.deepEqual(
      said.set?.map((entry) => entry.class),
      image?.set,
    );
    assert.deepEqual([said.answer, said.unlike, said.like], [image?.answer, image?.unlike, image?.like]);
    assert.equal(said.evidence?.class, image?.evidence.class);
    assert.ok(Math.abs((said.evidence?.score ?? 0) - (image?.evidence.score ?? 1)) < 1e-4);
  });

  test('the first class is the one that accuracy counts, also where votes and probabilities differ', async () => {
    // Labels independent of the features: the votes of one-vs-one classifiers then often differ from the probabilities.
    const images = (await readdir(data, { recursive: true })).filter((path) => /^[^"]*png$/.test(path)).sort();
    const idOf = (path: string): string => path.replaceAll('\\', '/').replace(/\.png$/, '');
    const labels = images.map((path, i) => `${idOf(path)},class ${i % 6}`);
    const file = join(root, 'labels.csv');
    await writeFile(file, ['id,label', ...labels].join('\n'));
    const heads = [createHead('svm', { kernel: 'linear' })];
    const [report] = await classify({ features, labels: file, heads, out: join(root, 'voted'), testSize: 12 });
    assert.ok(report);
    const tested = parsePredictions(await readFile(join(report.report, 'predictions.csv'), 'utf8'), report.report);
    const right = tested.filter(({ predictedClass, trueClass }) => predictedClass === trueClass);
    assert.equal(report.accuracy, right.length / tested.length);
    const submission = join(root, 'voted.csv');
    const asked = ['--submission', submission, '--sample', file, '--json', '--threads', '1'];
    const { stdout } = await featuretap(['predict', '--head', report.report, ...asked, data]);
    const written = (await readFile(submission, 'utf8')).split('\n');
    const found = (JSON.parse(stdout) as { images: (Image & { path: string })[] }).images;
    let differing = 0;
    for (const { id, predictedClass, top: kept = [] } of tested) {
      const { top, mostProbable } = found.find(({ path }) => idOf(relative(data, path)) === id) ?? assert.fail();
      assert.equal(top[0]?.class, predictedClass);
      assert.deepEqual(
        kept.map(({ name }) => name),
        top.map((each) => each.class),
      );
      const largest = top.reduce((most, each) => (each.probability > most.probability ? each : most));
      assert.deepEqual(mostProbable, largest === top[0] ? undefined : largest);
      if (mostProbable !== undefined) differing++;
      assert.ok(written.includes(`${id},${predictedClass}`));
    }
    assert.ok(differing > 0, 'an answer whose most probable class is another');
  });

  test('returns none of them by default', async () => {
    assert.deepEqual(Object.keys(await first({ head: linear })), ['path', 'classes']);
    assert.equal((await first({ head: linear, evidence: true })).evidence?.map.length, 2);
  });

  test('reports what a head cannot compute, and fails where it was requested', async () => {
    const notes: string[] = [];
    const said = await first({ head: neighbours, why: true, onNote: (line) => notes.push(line) });
    assert.deepEqual([said.like?.length, said.evidence], [3, undefined]);
    assert.match(notes.join(), /the scores of knn are not linear in the features/);
    await assert.rejects(first({ head: neighbours, evidence: true }), /has no class activation map/);
    for (const coverage of [0, 1, Number.NaN]) {
      await assert.rejects(first({ head: linear, coverage }), /coverage is not usable/);
    }
  });
});

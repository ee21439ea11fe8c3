import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Answer, type Answered, type PredictOptions, predict } from '../../src/index.ts';
import { featuretap } from '../cli/command.ts';
import { trainHeads } from './trained.ts';

interface Image {
  readonly top: Answered['classes'];
  readonly set: readonly string[];
  readonly answer: string | null;
  readonly unlike: boolean;
  readonly like: NonNullable<Answered['like']>;
  readonly evidence: NonNullable<Answered['evidence']>;
}

describe("the library's predict", { timeout: 300_000 }, () => {
  let root = '';
  let linear = '';
  let neighbours = '';
  let red = '';
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'featuretap-library-predict-'));
    const { reports, data } = await trainHeads(root, {
      models: [
        ['linear', { calibrate: 'temperature' }],
        ['knn', {}],
      ],
    });
    [linear = '', neighbours = ''] = reports.map(({ report }) => report);
    red = join(data, 'red', 'red-00.png');
  });
  after(() => rm(root, { recursive: true }));

  const first = async (options: Omit<PredictOptions, 'images'>): Promise<Answered> => {
    const answers: Answer[] = [];
    for await (const answer of predict({ ...options, images: [red] })) answers.push(answer);
    const [answer] = answers;
    assert.ok(answer !== undefined && 'classes' in answer);
    return answer;
  };

  test('says the sets, marks and reasons that the command says, under types of their own', async () => {
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

  test('says nothing of them where nothing is asked', async () => {
    assert.deepEqual(Object.keys(await first({ head: linear })), ['path', 'classes']);
    assert.equal((await first({ head: linear, evidence: true })).evidence?.map.length, 2);
  });

  test('tells what a head cannot say, and fails where it was asked for', async () => {
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

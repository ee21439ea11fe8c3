import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Report } from '../../src/classify/result/report.ts';
import { type TrainedHeads, trainHeads } from '../predict/trained.ts';
import { featuretap } from './command.ts';

let root: string;
let trained: TrainedHeads;
let head: string;
let red: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'featuretap-knowing-'));
  trained = await trainHeads(root, { models: [['linear', { calibrate: 'temperature' }]], perClass: 10 });
  head = (trained.reports[0] as Report).report;
  red = join(trained.data, 'red', 'red-00.png');
});
after(() => rm(root, { recursive: true, force: true }));

interface Image {
  readonly top: readonly { readonly class: string }[];
  readonly set?: readonly string[];
  readonly large?: boolean;
  readonly answer?: string | null;
}

function imagesOf(stdout: string): readonly Image[] {
  return (JSON.parse(stdout) as { images: Image[] }).images;
}

/** The head with other calibration scores in its report: their quantiles, and with them the sets, are then known. */
async function withScores(name: string, scores: readonly number[] | undefined): Promise<string> {
  const folder = join(root, name);
  await cp(head, folder, { recursive: true });
  const { conformal, ...report } = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')) as Report;
  const changed = scores === undefined ? report : { ...report, conformal: { ...conformal, scores } };
  await writeFile(join(folder, 'report.json'), JSON.stringify(changed));
  return folder;
}

describe('featuretap predict', () => {
  test('--coverage names the set, how many classes it holds, and no less where more is asked', () => {
    const { status, stdout, stderr } = featuretap(['predict', '--head', head, '--coverage', '0.8', red]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /red-00\.png {2}\d of 4 classes.*: red \d+\.\d %/);
    const sizes = ['0.3', '0.9'].map((coverage) => {
      const args = ['predict', '--head', head, '--json', '--coverage', coverage, red];
      return imagesOf(featuretap(args).stdout)[0]?.set?.length ?? 0;
    });
    assert.ok((sizes[0] as number) >= 1 && (sizes[0] as number) <= (sizes[1] as number), sizes.join(' '));
  });

  test('a set of one class is an answer to --abstain, a larger one is not sure', async () => {
    const sure = await withScores('sure', Array(30).fill(0));
    const unsure = await withScores('unsure', Array(30).fill(1.5));
    const ask = (folder: string, ...more: string[]): string =>
      featuretap(['predict', '--head', folder, '--abstain', ...more, red]).stdout;
    assert.match(ask(sure), /red-00\.png {2}red \d+\.\d %\n$/);
    assert.match(ask(unsure), /red-00\.png {2}not sure\n$/);
    assert.match(ask(unsure, '--csv'), /red-00,1,not sure,\n$/);
    assert.equal(imagesOf(ask(sure, '--json'))[0]?.answer, 'red');
    const [image] = imagesOf(ask(unsure, '--json'));
    assert.deepEqual([image?.answer, image?.set?.length, image?.large, image?.top.length], [null, 4, true, 4]);
  });

  test('a coverage that the calibration rows are too few for takes all classes, with a warning', async () => {
    const few = await withScores('few', [0, 0, 0.2]);
    const { stdout, stderr } = featuretap(['predict', '--head', few, '--coverage', '95%', red]);
    assert.match(stdout, /4 of 4 classes \(a large set\)/);
    assert.match(stderr, /3 calibration rows are too few for a coverage of 0\.95, which takes 19/);
  });

  test('a report of an older version predicts as ever, and --coverage says to classify again', async () => {
    const old = await withScores('old', undefined);
    const plain = featuretap(['predict', '--head', old, red]);
    assert.equal(plain.stdout, featuretap(['predict', '--head', head, red]).stdout);
    assert.equal(plain.status, 0);
    const { status, stdout, stderr } = featuretap(['predict', '--head', old, '--coverage', '0.95', red]);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /no conformal scores: an older version[\s\S]*run its classify command again/);
  });

  test('--coverage with a submission, or beyond what is a share, is refused', () => {
    const submission = ['--submission', join(root, 'made.csv')];
    const both = featuretap(['predict', '--head', head, '--abstain', ...submission, red]);
    assert.equal(both.status, 2);
    assert.match(both.stderr, /--abstain is not usable/);
    assert.equal(featuretap(['predict', '--head', head, '--coverage', '1', red]).status, 2);
  });
});

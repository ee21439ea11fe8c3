import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { compareVerb } from '../../src/cli/compare.ts';
import { writeDrawnReport } from '../report/drawn-report.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { featuretap, quietSession } from './command.ts';

const root = temporaryFolder();
before(async () => {
  await writeDrawnReport(join(root, 'reports'), 'svm', { model: 'svm', skill: 0.7 });
  await writeDrawnReport(join(root, 'reports'), 'linear', { model: 'linear', skill: 0.2 });
});

describe('featuretap compare', () => {
  test('prints the table and the verdict, and writes the page and a model card beside each report', async () => {
    const { status, stdout, stderr } = await featuretap(['compare'], { cwd: root });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^svm .*\nlinear .*\nsvm is better than linear on these 24 images/m);
    const page = (): Promise<string> => readFile(join(root, 'reports/index.html'), 'utf8');
    assert.match(await page(), /^<!doctype html>/);
    assert.match(await readFile(join(root, 'reports/svm/model-card.md'), 'utf8'), /^# svm: 6 classes/);
    const list = await readFile(join(root, 'reports/svm/labels-to-check.csv'), 'utf8');
    assert.match(
      list,
      /^id,label,suggestion,label_probability,suggestion_probability,times_suggested,times_held_out\n/,
    );
    assert.equal(list.split('\n').length - 2, Number(/Review (\d+) suspicious labels/.exec(await page())?.[1] ?? 0));
  });

  test('the page of named reports goes into their folder, and not over the page of others', async () => {
    const parts = join(root, 'parts');
    for (const name of ['one', 'two', 'three']) await writeDrawnReport(join(parts, 'dogs'), name, { model: 'svm' });
    await writeDrawnReport(parts, 'alone', { model: 'svm' });
    const compared = async (...paths: string[]) => (await featuretap(['compare', ...paths], { cwd: parts })).stderr;
    assert.match(await compared('dogs/one', 'dogs/two'), /^page: dogs\/index\.html;/m);
    const page = await readFile(join(parts, 'dogs/index.html'), 'utf8');
    assert.match(await compared('dogs/two', 'dogs/three/report.json'), /^page: dogs\/comparison\.html;/m);
    assert.equal(await readFile(join(parts, 'dogs/index.html'), 'utf8'), page);
    assert.match(await compared('dogs/one', 'alone'), /^no page: .*--html FILE writes one/m);
  });

  test('--json, --csv and --markdown print their format and no page; --fail-below sets the exit code', async () => {
    const inRoot = { cwd: root };
    const json = await featuretap(['compare', 'reports', '--json', '--fail-below', '0.99'], inRoot);
    assert.match(json.stdout, /^\{\n {2}"comparable": true/);
    assert.equal(json.status, 1);
    assert.match(json.stderr, /the best accuracy, .* is below 99\.0 %/);
    const csv = await featuretap(['compare', 'reports', '--csv', '--fail-below', '0.2'], inRoot);
    assert.match(csv.stdout, /^group,name,model/);
    assert.equal(csv.status, 0);
    const markdown = await featuretap(['compare', 'reports', '--markdown', '--quiet'], inRoot);
    assert.match(markdown.stdout, /^\| head \|/);
    assert.equal(markdown.stderr, '');
  });

  test('rejects two output formats at once, a limit above 1 and a folder without reports', async () => {
    for (const [options, message] of [
      [{ csv: true, markdown: true }, /--markdown is not usable[\s\S]*one of --json, --csv, --markdown/],
      [{ failBelow: '75', 'fail-below': '75' }, /--fail-below is not usable[\s\S]*up to 1/],
      // The suggestions depend on the reports in the working folder of the tests.
      [{ reports: ['nowhere'] }, /no such report file[\s\S]*(classify --model all|compare reports)/],
    ] as const) {
      await assert.rejects(compareVerb.run(options, quietSession), message);
    }
  });
});

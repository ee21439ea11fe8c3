import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { findReports } from '../../src/report/find-reports.ts';
import type { UserError } from '../../src/system/errors.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const root = temporaryFolder();
before(async () => {
  for (const name of ['knn-cosine-f113d245', 'svm-smo-a5b84b89', 'linear-lbfgs-9f79e2ed']) {
    await mkdir(join(root, name));
    await writeFile(join(root, name, 'report.json'), '{}');
  }
});

test('the error for a missing report suggests one with a similar name or the same beginning', async () => {
  for (const [typed, meant] of [
    ['knm', 'knn-cosine-f113d245'],
    ['svm', 'svm-smo-a5b84b89'],
    ['linear-lbfgs-9f79e2ee', 'linear-lbfgs-9f79e2ed'],
  ] as const) {
    await assert.rejects(findReports([join(root, typed)]), ({ parts }: UserError) => {
      assert.deepEqual([parts.found, parts.instead], [join(root, typed), join(root, meant)]);
      return true;
    });
  }
});

test('without a similar one the error names the command that writes reports, or their usual folder', async (t) => {
  const before = process.cwd();
  t.after(() => process.chdir(before));
  await mkdir(join(root, 'ran', 'reports', 'svm'), { recursive: true });
  await writeFile(join(root, 'ran', 'reports', 'svm', 'report.json'), '{}');
  for (const [folder, fix] of [
    [root, 'featuretap classify --model all'],
    [join(root, 'ran'), 'featuretap compare reports'],
  ] as const) {
    process.chdir(folder);
    await assert.rejects(findReports([join(root, 'forest')]), ({ parts }: UserError) => {
      assert.deepEqual([parts.instead, parts.fix], [undefined, fix]);
      return true;
    });
  }
});

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { withCorrectedCommand } from '../../../src/cli/wrong-usage.ts';
import { checkTablePlace, type TableNamed } from '../../../src/formats/table/table-place.ts';
import { UserError } from '../../../src/system/errors.ts';
import { ownCommand } from '../../../src/system/own-command.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const root = temporaryFolder();
before(async () => {
  for (const folder of ['several', 'none', 'one']) await mkdir(join(root, folder));
  for (const name of ['several/labels.csv', 'several/breeds.tsv', 'several/photo.jpg', 'one/breeds.csv'])
    await writeFile(join(root, name), 'id,label\n');
});

/** The command in the error's fix. */
async function fixFor(path: string, named?: TableNamed): Promise<string | undefined> {
  const error = await checkTablePlace(path, named).then(
    () => assert.fail('taken'),
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof UserError);
  const typed = named !== undefined && 'argument' in named ? ['relabel', path] : ['classify', '--labels', path];
  return withCorrectedCommand(error, typed).parts.fix;
}

test('a missing table is answered with the command for the most similar one, or the only one', async () => {
  const classify = (path: string): string => ownCommand('classify', ['--labels', path]);
  assert.equal(await fixFor(join(root, 'several', 'label.csv')), classify(join(root, 'several', 'labels.csv')));
  assert.equal(await fixFor(join(root, 'one', 'labels.csv')), classify(join(root, 'one', 'breeds.csv')));
  assert.equal(await fixFor(join(root, 'one')), classify(join(root, 'one', 'breeds.csv')));
});

test('without a similar one the command has no table: the labels of the feature set are used', async () => {
  for (const path of [join(root, 'none', 'labels.csv'), join(root, 'gone', 'labels.csv'), join(root, 'none')])
    assert.equal(await fixFor(path), ownCommand('classify'));
});

test('missing corrections are answered with similar names, else with what writes them', async () => {
  const named = { argument: 'the corrections', fix: 'compare writes them' };
  assert.equal(await fixFor(join(root, 'one', 'to-check.csv'), named), 'compare writes them');
  const near = join(root, 'several', 'labels.csv');
  assert.equal(
    await fixFor(join(root, 'several', 'lables.csv'), named),
    `did you mean ${near}? ${ownCommand('relabel', [near])}`,
  );
});

test('an existing table is accepted, and so is a path that is neither a file nor a folder', async () => {
  await checkTablePlace(join(root, 'several', 'labels.csv'));
  if (process.platform !== 'win32') await checkTablePlace('/dev/null');
});

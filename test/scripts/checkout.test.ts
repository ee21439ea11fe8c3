import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, beforeEach, test } from 'node:test';
import { projectRoot } from '../reference.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** A checkout of its own with this one's packages, so that its sources can be edited. */
const checkout = temporaryFolder();

before(async () => {
  for (const part of ['package.json', 'scripts/featuretap.cjs', 'scripts/bundle', 'src']) {
    await cp(join(projectRoot, part), join(checkout, part), { recursive: true });
  }
  await mkdir(join(checkout, 'node_modules'));
  for (const name of await readdir(join(projectRoot, 'node_modules'))) {
    if (name.startsWith('.')) continue;
    await symlink(join(projectRoot, 'node_modules', name), join(checkout, 'node_modules', name), 'junction');
  }
});
beforeEach(() => rm(join(checkout, 'node_modules/.cache'), { recursive: true, force: true }));

test('the next start sees an edit of a source, and its reversal', async () => {
  const before = await help();
  assert.match(before.stdout, /classify images with the head of a report/);
  await editing('src/cli/verbs.ts', ['classify images', 'name images'], async () => {
    assert.match((await help()).stdout, /name images with the head of a report/);
  });
  assert.deepEqual(await help(), before);
});

test('concurrent starts write one bundle, and each reads all of it', async () => {
  const answers = await Promise.all([help(), help(), help()]);
  for (const { code, stdout } of answers) {
    assert.equal(code, 0);
    assert.equal(stdout, answers[0].stdout);
  }
  assert.equal((await readdir(join(checkout, 'node_modules/.cache/featuretap'))).length, 1);
});

test('a read-only checkout runs too', async () => {
  // A file in place of the folder, since root can write into any folder.
  await writeFile(join(checkout, 'node_modules/.cache'), '');
  const { code, stdout, stderr } = await help();
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /classify images with the head of a report/);
});

test('a source with a syntax error is reported with its line, and leaves no bundle', async () => {
  await editing('src/cli/verbs.ts', ['export const verbs', 'export const const verbs'], async () => {
    const { code, stderr } = await help();
    assert.equal(code, 1);
    assert.match(stderr, /src\/cli\/verbs\.ts:\d+:\d+/);
    assert.doesNotMatch(stderr, /at .*bundle\.cjs/);
  });
  assert.deepEqual(await readdir(join(checkout, 'node_modules/.cache/featuretap')), []);
});

interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function help(): Promise<Answer> {
  const child = spawn(process.execPath, [join(checkout, 'scripts/featuretap.cjs'), '--help'], { cwd: tmpdir() });
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (bytes) => stdout.push(bytes));
  child.stderr.on('data', (bytes) => stderr.push(bytes));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    );
  });
}

async function editing(file: string, [from, to]: [string, string], run: () => Promise<void>): Promise<void> {
  const path = join(checkout, file);
  const source = await readFile(path, 'utf8');
  assert.ok(source.includes(from));
  try {
    await writeFile(path, source.replace(from, to));
    await run();
  } finally {
    await writeFile(path, source);
  }
}

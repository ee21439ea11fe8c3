import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ownCommand, type Start, startOf, verbNames, withOwnCommands } from '../../src/system/own-command.ts';
import { projectRoot } from '../reference.ts';

const starts: readonly Start[] = ['bin', 'npx', 'npm'];

test('a command is printed as the program was started, with quotes around words with spaces', () => {
  const quoted = process.platform === 'win32' ? '"cache/my dogs"' : "'cache/my dogs'";
  const typed = starts.map((start) => ownCommand('classify', ['--features', 'cache/my dogs'], start));
  assert.deepEqual(typed, [
    `featuretap classify --features ${quoted}`,
    `npx featuretap classify --features ${quoted}`,
    `npm run classify -- --features ${quoted}`,
  ]);
  assert.equal(ownCommand('compare', [], 'npm'), 'npm run compare');
  assert.match(ownCommand('compare', ['reports'], 'node'), /^node \S*featuretap\.cjs compare reports$/);
});

test('commands in a text are replaced by ones that can be typed, and other words are kept', () => {
  const text =
    'featuretap verify --features X mends it; featuretap extract makes one; featuretap --help; see featuretap';
  assert.deepEqual(
    starts.map((start) => withOwnCommands(text, start)),
    [
      text,
      'npx featuretap verify --features X mends it; npx featuretap extract makes one; npx featuretap --help; see featuretap',
      'npm run verify -- --features X mends it; npm run extract makes one; npm run featuretap -- --help; see featuretap',
    ],
  );
  for (const start of starts) {
    const once = withOwnCommands(text, start);
    assert.equal(withOwnCommands(once, start), once, 'what can be typed is left alone');
  }
});

test("recognizes the start by npm's environment and by the launcher", () => {
  const packageFile = '/repo/package.json';
  const npm = (event: string, file: string) => ({ npm_lifecycle_event: event, npm_package_json: file });
  const start = (environment: Record<string, string>, script: string | undefined, isCheckout = false): Start =>
    startOf({ environment, script, packageFile, isCheckout });
  assert.equal(
    start(npm('npx', '/elsewhere/package.json'), '/home/me/.npm/_npx/1/node_modules/.bin/featuretap'),
    'npx',
  );
  assert.equal(start(npm('extract', packageFile), '/repo/scripts/featuretap.cjs', true), 'npm');
  assert.equal(start(npm('train', '/project/package.json'), '/project/node_modules/.bin/featuretap'), 'npx');
  assert.equal(start({}, '/project/node_modules/.bin/featuretap'), 'npx');
  assert.equal(start({}, '/usr/local/bin/featuretap'), 'bin');
  assert.equal(start({}, '/repo/scripts/featuretap.cjs', true), 'node');
  assert.equal(start({}, 'C:\\npm\\node_modules\\featuretap\\scripts\\featuretap.cjs'), 'npx');
  assert.equal(start({}, '/project/train.js'), 'bin', 'as a library');
});

test('every verb is a script of package.json', () => {
  const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  for (const verb of verbNames) assert.equal(scripts[verb], `node scripts/featuretap.cjs ${verb}`);
});

test('a fix and the help print commands that run from the current folder', () => {
  const { npm_lifecycle_event: _event, npm_package_json: _file, ...environment } = process.env;
  const launcher = join(projectRoot, 'scripts/featuretap.cjs');
  const run = (more: Record<string, string>, ...args: string[]) =>
    spawnSync(process.execPath, [launcher, ...args], {
      cwd: tmpdir(),
      encoding: 'utf8',
      env: { ...environment, ...more },
    });
  const npm = { npm_lifecycle_event: 'predict', npm_package_json: join(projectRoot, 'package.json') };
  assert.match(run(npm, 'predict', '--bogus').stderr, /its options: npm run predict -- --help$/m);
  assert.match(run(npm, 'predict', '--help').stdout, /^npm run predict -- \[images\.\.\] \[options\]/);
  assert.match(run({ npm_lifecycle_event: 'npx' }, '--help').stdout, /^npx featuretap <verb> \[options\]/);
  const [, typed = ''] = /its options: node (\S+) predict --help/.exec(run({}, 'predict', '--bogus').stderr) ?? [];
  assert.match(run({}, 'predict', '--help').stdout, /^node \S+featuretap\.cjs predict \[images/);
  assert.equal(spawnSync(process.execPath, [typed, '--version'], { cwd: tmpdir() }).status, 0);
});

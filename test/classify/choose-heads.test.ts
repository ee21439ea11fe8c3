import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseHeads } from '../../src/classify/choose-heads.ts';
import { UserError } from '../../src/system/errors.ts';

function refusal(model: string): UserError {
  try {
    chooseHeads([model], {});
  } catch (error) {
    if (error instanceof UserError) return error;
  }
  return assert.fail(`${model} was taken`);
}

test("a head by another library's name is answered with its name here", () => {
  for (const [typed, head] of [
    ['random-forest', 'forest'],
    ['logistic', 'linear'],
    ['logreg', 'linear'],
    ['softmax', 'linear'],
    ['svc', 'svm'],
  ] as const) {
    assert.equal(refusal(typed).parts.instead, head);
  }
});

test('a network as --model is answered with the option that takes it', () => {
  const { parts } = refusal('resnet50');
  assert.match(parts.fix ?? '', /^networks are chosen by extract --weights; --model takes a head: linear \| svm/);
  assert.equal(parts.instead, undefined);
});

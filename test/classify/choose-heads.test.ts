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

test('the error for the name of a head in another library gives its name here', () => {
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

test('the error for a network as --model names the option for networks', () => {
  const { parts } = refusal('resnet50');
  assert.match(parts.fix ?? '', /^networks are chosen by extract --weights; --model takes a head: linear \| svm/);
  assert.equal(parts.instead, undefined);
});

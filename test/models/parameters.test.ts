import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOption, type HeadOption, readParams } from '../../src/models/parameters.ts';
import { createHead, headKinds } from '../../src/models/registry.ts';
import { preparationOptions } from '../../src/models/scaling.ts';
import { UserError } from '../../src/system/errors.ts';

const options = {
  size: { describe: 'how large', numbers: { min: 1, whole: true }, default: { fast: 3, slow: 9 } },
  width: { describe: 'how wide', words: ['auto'], numbers: { above: 0 }, default: 'auto', solvers: ['slow'] },
  depth: { describe: 'how deep', numbers: { max: 5 }, default: null },
  steps: { describe: 'how often', numbers: { above: 0 }, list: true, default: 1 },
  share: { describe: 'how much', numbers: { above: 0, shareOrCount: true }, default: 1 },
  wild: { describe: 'go on', flag: true },
} as const satisfies Record<string, HeadOption>;
const declared = { solvers: ['fast', 'slow'] as const, options, solverAlias: 'way' };
const read = (raw: Readonly<Record<string, unknown>>) => readParams({ ...declared, options: { ...options } }, raw);

test('missing parameters have their defaults, which may depend on the solver', () => {
  assert.deepEqual(read({}), {
    solver: 'fast',
    params: { size: 3, width: 'auto', depth: null, steps: 1, share: 1, wild: false },
  });
  assert.equal(read({ solver: 'slow' }).params.size, 9);
});

test('numbers are read from text and numbers, several in ascending order where a list is allowed', () => {
  const { params } = read({ size: '4', steps: '3,1', depth: -2, share: 0.5, wild: true });
  assert.deepEqual(params, { size: 4, width: 'auto', depth: -2, steps: [1, 3], share: 0.5, wild: true });
});

test("an invalid value is rejected with the option's name and the valid ones", () => {
  const refused: readonly (readonly [raw: Readonly<Record<string, unknown>>, message: RegExp])[] = [
    [{ size: 1.5 }, /^size is not usable[\s\S]*1\.5[\s\S]*a whole number from 1/],
    [{ size: '' }, /^size/],
    [{ size: [1, 2] }, /^size/],
    [{ size: true }, /^size/],
    [{ solver: 'slow', width: 0 }, /^width[\s\S]*auto \| a number above 0/],
    [{ depth: 6 }, /^depth[\s\S]*up to 5/],
    [{ steps: '1,,2' }, /^steps[\s\S]*several/],
    [{ share: 1.5 }, /^share[\s\S]*a share below 1 \| a whole number/],
    [{ solver: 'none such' }, /^solver[\s\S]*fast \| slow/],
    [{ width: 2 }, /^width[\s\S]*2, with the way fast, which does not read it[\s\S]*the way slow[\s\S]*--way slow/],
    [{ way: 'slow', solver: 'fast' }, /^way[\s\S]*one of the two/],
  ];
  for (const [raw, message] of refused) {
    assert.throws(
      () =>
        readParams(
          { ...declared, options: { way: { describe: '', words: ['fast', 'slow'], default: 'fast' }, ...options } },
          raw,
        ),
      (error) => error instanceof UserError && error.exitCode === 2 && message.test(error.message),
      JSON.stringify(raw),
    );
  }
});

test('an option describes its values, its default and the solvers that have it', () => {
  assert.equal(describeOption(options.size), 'how large: a whole number from 1 (default 3 for fast, 9 for slow)');
  assert.equal(describeOption(options.width), 'how wide: auto | a number above 0 (default auto; slow only)');
  assert.equal(describeOption(options.depth), 'how deep: a number up to 5 (default none)');
  assert.equal(describeOption(options.wild), 'go on');
});

test('every head accepts its defaults, and each option is a flag or describes its values', () => {
  for (const { model, solvers, options } of headKinds) {
    for (const solver of solvers) assert.equal(createHead(model, { solver }).solver, solver);
    for (const [name, option] of Object.entries<HeadOption>({ ...options, ...preparationOptions })) {
      assert.ok(
        option.flag === true || option.text === true || option.words !== undefined || option.numbers !== undefined,
        `${model} ${name}`,
      );
    }
  }
});

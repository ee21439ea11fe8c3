import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { classifyVerb } from '../../../src/cli/classify/classify.ts';
import { withOption, withoutOption } from '../../../src/cli/retyped.ts';
import { keptByNpm, withCorrectedCommand, wrongUsage } from '../../../src/cli/wrong-usage.ts';
import { choiceError, type UserError } from '../../../src/system/errors.ts';
import { type NumberRange, readOptions } from '../../../src/system/options.ts';
import { ownCommand } from '../../../src/system/own-command.ts';
import { projectRoot } from '../../reference.ts';
import { quietSession } from '../command.ts';

const optionNames = ['data', 'weights', 'head', 'test-size', 'json'];

test('a missing verb and one that resembles none are answered with the list of verbs', () => {
  assert.match(
    wrongUsage('no verb', ['--json'], optionNames).message,
    /^no verb was given\n {2}expected: extract \| class/,
  );
  assert.match(
    wrongUsage('Unknown argument: foo', ['foo'], optionNames).message,
    /^unknown command\n {2}found: {4}foo\n {2}expected: extract \| .*\n {2}fix: {6}featuretap --help/,
  );
});

test('a mistyped verb, option or word is answered with the corrected command', () => {
  const fixOf = (message: string, ...args: string[]): string | undefined =>
    wrongUsage(message, args, optionNames).parts.fix;
  assert.equal(
    fixOf('Unknown argument: extrct', 'extrct', '--data', 'my x'),
    `did you mean extract? ${ownCommand('extract', ['--data', 'my x'])}`,
  );
  assert.equal(
    fixOf('Unknown arguments: test-sise, testSise', 'classify', '--test-sise=3'),
    `did you mean --test-size=3? ${ownCommand('classify', ['--test-size=3'])}`,
  );
  assert.equal(
    fixOf('Unknown argument: photos', 'extract', 'photos'),
    `did you mean --data photos? ${ownCommand('extract', ['--data', 'photos'])}`,
  );
  for (const [verb, words, rest] of [
    ['extract', ['--bogus', 'it'], []],
    ['predict', ['--bogus', 'it.jpg'], ['it.jpg']],
  ] as const) {
    assert.equal(
      fixOf('Unknown argument: bogus', verb, ...words),
      `without it:  ${ownCommand(verb, rest)}\nits options: ${ownCommand(verb, ['--help'])}`,
    );
  }
});

test('the verb of another program and an option with one dash are answered with the corrected command', () => {
  const fixOf = (message: string, ...args: string[]): string | undefined =>
    wrongUsage(message, args, optionNames).parts.fix;
  for (const [typed, verb] of [
    ['train', 'classify'],
    ['fit', 'classify'],
    ['test', 'predict'],
    ['infer', 'predict'],
    ['features', 'extract'],
    ['embed', 'extract'],
    ['report', 'compare'],
  ] as const) {
    assert.equal(fixOf(`Unknown argument: ${typed}`, typed), `did you mean ${verb}? ${ownCommand(verb)}`);
  }
  assert.equal(
    fixOf('Unknown arguments: t, e, s, i, z', 'classify', '-test-size', '0.2'),
    `did you mean --test-size? ${ownCommand('classify', ['--test-size', '0.2'])}`,
  );
});

test("the option of another program is answered with the verb's own", () => {
  const fixOf = (verb: string, typed: string, names: readonly string[]): string | undefined =>
    wrongUsage(`Unknown argument: ${typed.slice(2)}`, [verb, typed, '5'], names).parts.fix;
  for (const [verb, typed, name] of [
    ['export', '--out', '--to'],
    ['predict', '--output', '--csv'],
    ['extract', '--batch-size', '--batch'],
    ['extract', '--batch_size', '--batch'],
    ['extract', '--workers', '--threads'],
    ['classify', '--random-state', '--seed'],
    ['classify', '--n_estimators', '--trees'],
  ] as const) {
    const names = [name.slice(2), 'json', 'head', 'quiet'];
    assert.equal(fixOf(verb, typed, names), `did you mean ${name}? ${ownCommand(verb, [name, '5'])}`);
  }
  assert.match(fixOf('export', '--workers', ['head', 'json']) ?? '', /^without it: {2}\S.* export\n/);
});

test('unknown options are printed as they were typed, an extra word as an argument', () => {
  const option = wrongUsage('Unknown arguments: wieghts, x', ['extract', '--wieghts=a', '-x'], optionNames).message;
  assert.match(option, /^extract: unknown option\n {2}found: {4}--wieghts=a -x\n {2}fix: {6}without it: {2}\S/);
  const both = wrongUsage('Unknown arguments: wieghts, dta', ['extract', '--wieghts=a', '--dta', 'b'], optionNames);
  assert.equal(
    both.parts.fix,
    `did you mean --weights=a --data? ${ownCommand('extract', ['--weights=a', '--data', 'b'])}`,
  );
  const word = wrongUsage('Unknown argument: photos', ['extract', 'photos'], optionNames).message;
  assert.match(word, /^extract: unknown argument\n {2}found: {4}photos/);
});

test('a mistyped choice is answered with the command with the most similar one, also in a list', () => {
  const meant = (found: string, ...args: string[]): string | undefined =>
    withCorrectedCommand(choiceError('--model', found, ['linear', 'svm', 'all']), args).parts.fix;
  assert.equal(
    meant('smv', 'classify', '--model', 'smv'),
    `did you mean svm? ${ownCommand('classify', ['--model', 'svm'])}`,
  );
  assert.equal(
    meant('smv', 'classify', '--model=linear,smv'),
    `did you mean svm? ${ownCommand('classify', ['--model=linear,svm'])}`,
  );
  assert.equal(
    meant('transformer', 'classify', '--model', 'transformer'),
    ownCommand('classify', ['--model', 'linear']),
    'the first one where none is near',
  );
});

test('a choice by its name in another program is answered with its name here', () => {
  const fixOf = (option: string, found: string, choices: readonly string[]): string | undefined =>
    withCorrectedCommand(choiceError(option, found, choices), ['extract', option, found]).parts.fix;
  for (const [option, found, choices, meant] of [
    ['--dtype', 'fp16', ['float32', 'float16'], 'float16'],
    ['--dtype', 'half', ['float32', 'float16'], 'float16'],
    ['--device', 'GPU', ['auto', 'cpu', 'cuda', 'webgpu'], 'cuda'],
    ['--pool', 'avg', ['max', 'mean', 'none'], 'mean'],
    ['--model', 'rf', ['linear', 'svm', 'forest'], 'forest'],
  ] as const) {
    const expected = `did you mean ${meant}? ${ownCommand('extract', [option, meant])}`;
    assert.equal(fixOf(option, found, choices), expected);
  }
});

test('an invalid number is answered with the command with the nearest valid one, or without one', () => {
  const meant = (name: string, range: NumberRange, fallback: number | undefined, ...args: string[]): string => {
    const options = { [name]: args[args.indexOf(`--${name}`) + 1] };
    try {
      const spec = { describe: '', numbers: range, ...(fallback !== undefined && { default: fallback }) };
      return String(readOptions({ [name]: spec }, options)[name]);
    } catch (error) {
      return withCorrectedCommand(error as UserError, args).parts.fix ?? 'none';
    }
  };
  const command = (...args: string[]): string => ownCommand('extract', args);
  const whole = { min: 1, max: 64, whole: true };
  assert.equal(meant('seed', { min: 0, whole: true }, 0, 'extract', '--seed', 'abc', 'x'), command('--seed', '0', 'x'));
  assert.equal(meant('batch', whole, 8, 'extract', '--batch', '0'), command('--batch', '1'));
  assert.equal(meant('batch', whole, 8, 'extract', '--batch', '2.7'), command('--batch', '3'));
  assert.equal(meant('batch', whole, 8, 'extract', '--batch', '-5', '--json'), command('--batch', '1', '--json'));
  assert.equal(meant('batch', whole, 8, 'extract', '--batch', '1000'), command('--batch', '64'));
  assert.equal(meant('lr', { above: 0 }, undefined, 'extract', '--lr', '0,01'), command('--lr', '0.01'));
  assert.equal(meant('lr', { above: 0 }, undefined, 'extract', '--lr', '0', 'x'), command('x'));
  assert.equal(meant('crop', whole, undefined, 'extract', '--crop', 'big'), command());
  const usual = { ...whole, usual: 32 };
  assert.equal(meant('crop', usual, undefined, 'extract', '--crop', '0'), command('--crop', '32'));
  assert.equal(meant('crop', usual, undefined, 'extract', '--crop', '9999'), command('--crop', '32'));
});

test('an invalid option of a head is answered with the command with its default', async () => {
  const refused = (options: Record<string, unknown>, ...args: string[]): Promise<string | undefined> =>
    classifyVerb.run({ features: 'F', ...options }, quietSession).then(
      () => undefined,
      (error) => withCorrectedCommand(error as UserError, ['classify', ...args]).parts.fix,
    );
  assert.equal(
    await refused({ model: ['forest'], 'max-depth': '0' }, '--model', 'forest', '--max-depth', '0'),
    ownCommand('classify', ['--model', 'forest']),
  );
  assert.equal(
    await refused({ model: ['svm'], C: 'big' }, '--model', 'svm', '--C', 'big'),
    ownCommand('classify', ['--model', 'svm', '--C', '1']),
  );
});

test('an option is removed with its value, in both spellings and every time it occurs', () => {
  const left = (...args: string[]): readonly string[] => withoutOption(args, 'test-size');
  assert.deepEqual(left('classify', '--test-size', '9', '--json', '--testSize=3'), ['classify', '--json']);
  assert.deepEqual(left('classify', '--test-size', '-9', '--test-size', '--json'), ['classify', '--json']);
});

test('options that npm kept to itself are put after its --', () => {
  const names = ['head', 'data', 'test-size', 'testSize', 'unlike', 'json', 'cache', 'C'];
  const fixOf = (environment: Record<string, string>, ...args: string[]): string | undefined =>
    keptByNpm(args, names, { npm_config_cache: '/root/.npm', npm_config_json: 'true', ...environment })?.parts.fix;
  assert.equal(fixOf({}, 'predict', 'a.jpg'), undefined);
  assert.equal(
    fixOf({ npm_config_heading: 'reports/x' }, 'predict', 'a.jpg'),
    ownCommand('predict', ['--head', 'reports/x', 'a.jpg']),
    'npm takes --head for the beginning of its own',
  );
  assert.equal(
    fixOf({ npm_config_data: 'true', npm_config_heading: 'x' }, 'extract', 'pets'),
    ownCommand('extract', ['--head', 'x', '--data', 'pets']),
    'an option without a value stands before the word that was its value',
  );
  assert.match(
    fixOf({ npm_config_data: 'true', npm_config_test_size: 'true' }, 'classify', 'pets', '0.2') ?? '',
    / -- and the same options again$/,
  );
});

test('an option replaces the one that was given, or follows the verb', () => {
  const placed = (...args: string[]): readonly string[] => withOption(args, 'head', 'B');
  assert.deepEqual(placed('predict', '--head', 'A', 'x.jpg'), ['predict', '--head', 'B', 'x.jpg']);
  assert.deepEqual(placed('predict', '--head=A', 'x.jpg'), ['predict', '--head', 'B', 'x.jpg']);
  assert.deepEqual(placed('--quiet', 'predict', 'x.jpg'), ['--quiet', 'predict', '--head', 'B', 'x.jpg']);
});

test('more than a thousand splits are rejected with the limit', async () => {
  const run = classifyVerb.run({ model: ['knn'], repeats: '1001' }, quietSession);
  await assert.rejects(run, /--repeats is not usable[\s\S]*a whole number from 1 up to 1000/);
});

test('a share may be given in percent, other numbers may not', () => {
  const share = (value: string): number | undefined =>
    readOptions({ share: { describe: '', numbers: { above: 0, percent: true } } }, { share: value }).share;
  assert.deepEqual(['20%', '7 %', '12.5%', '0.2', '20'].map(share), [0.2, 0.07, 0.125, 0.2, 20]);
  assert.throws(() => share('%'), /a number or a percentage above 0/);
  assert.throws(() => readOptions({ top: { describe: '', numbers: { min: 1 } } }, { top: '20%' }), /a number from 1/);
});

test('wrong usage exits with 2, prints one message on stderr and nothing on stdout, also with --json', () => {
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

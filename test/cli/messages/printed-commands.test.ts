import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { drawPhotos } from '../../../scripts/torture/draw-photos.ts';
import { verbNames } from '../../../src/system/own-command.ts';
import { projectRoot } from '../../reference.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { featuretap as run } from '../command.ts';

/** The environment of a shell from which the user starts the launcher by its path. */
const { npm_lifecycle_event: _event, npm_package_json: _file, ...plainEnvironment } = process.env;
const launcher = join(projectRoot, 'scripts/featuretap.cjs');
const tiny = ['--weights', 'random:resnet-tiny', '--resize', '36', '--crop', '32', '--device', 'cpu'];
const isWindows = process.platform === 'win32';

const root = temporaryFolder();
before(async () => {
  await drawPhotos(join(root, 'photos'), 40);
  // Printed commands start like this process.
  process.argv[1] = launcher;
  for (const name of ['npm_lifecycle_event', 'npm_package_json']) delete process.env[name];
});

interface Ran {
  readonly status: number | null;
  readonly printed: string;
}

/** Runs a command in a shell. */
function typed(command: string, cwd: string, env: NodeJS.ProcessEnv = plainEnvironment): Ran {
  const { status, stdout, stderr } = spawnSync(command, { cwd, env, encoding: 'utf8', shell: true });
  return { status, printed: `${stdout}\n${stderr}` };
}

async function featuretap(args: readonly string[], cwd = root): Promise<Ran> {
  const { status, stdout, stderr } = await run(args, { cwd });
  return { status, printed: `${stdout}\n${stderr}` };
}

/** Runs a command in this process, without the words in `start`. */
async function runPrinted(command: string, start: RegExp, cwd = root): Promise<Ran> {
  assert.match(command, start);
  const words = spawnSync(`printf '%s\\0' ${command.replace(start, '')}`, { encoding: 'utf8', shell: true }).stdout;
  return featuretap(words.split('\0').slice(0, -1), cwd);
}

/** Finds every command in a text: on a line of its own, after `next:`, between backticks, and in a copy button. */
function commandsIn(text: string, start: RegExp): ReadonlySet<string> {
  const verb = `(?:${verbNames.join('|')})`;
  const command = `${start.source} ${verb}\\b[^\`"<\\n]*`;
  const places = [
    `^(?: {4}|next: |\\$ | {2}fix: {6}(?:did you mean [^?]*\\? |the best: +)?| {12}the newest: )(${command})$`,
    `\`(${command})\``,
    `data-copy="(${command})"`,
  ];
  return new Set(
    places.flatMap((place) => [...text.matchAll(new RegExp(place, 'gm'))].map(([, found]) => found as string)),
  );
}

const byNode = new RegExp(`node ${launcher.replaceAll(/[.\\]/g, '\\$&')}`);

describe('a printed command', { skip: isWindows && 'skipped: commands are typed into a POSIX shell' }, () => {
  test('runs as printed, after a real run, from its page and from its model cards', async () => {
    const extracted = await featuretap(['extract', '--data', 'photos', ...tiny]);
    const classified = await featuretap(['classify', '--model', 'svm', '--model', 'ridge', '--test-size', '25%']);
    const compared = await featuretap(['compare']);
    for (const { status, printed } of [extracted, classified, compared]) assert.equal(status, 0, printed);
    const files = (await readdir(join(root, 'reports'), { recursive: true })).filter((name) =>
      /\.(md|html)$/.test(name),
    );
    assert.equal(files.length, 3, 'a page and two cards');
    const texts = await Promise.all(files.map((name) => readFile(join(root, 'reports', name), 'utf8')));
    const all = commandsIn([extracted.printed, classified.printed, compared.printed, ...texts].join('\n'), byNode);
    for (const verb of ['extract', 'classify', 'predict', 'export']) {
      assert.ok(
        [...all].some((command) => command.includes(`.cjs ${verb}`)),
        `${verb} is among them: ${[...all].join('\n')}`,
      );
    }
    const photo = join(
      'photos',
      (await readdir(join(root, 'photos'), { recursive: true })).find((name) => name.endsWith('.jpg')) as string,
    );
    // What the page's button saves.
    await writeFile(join(root, 'selected-photos.csv'), 'id,label,suggestion\nclass-0/photo-0000,class-0,class-1\n');
    for (const command of all) {
      // Words in capitals are placeholders; downloads are not tested.
      const filled = command
        .replace('PHOTO', photo)
        .replace('FOLDER', 'photos')
        .replace('resnet50', 'random:resnet-tiny');
      const { status, printed } = await runPrinted(filled, byNode);
      // A set with another fingerprint is rejected with a fix: this command must fail so.
      assert.ok(status === 0 || /--replace/.test(printed), `${filled}\n${printed}`);
    }
  });

  test('corrects the mistake that it was printed for', async () => {
    for (const mistake of [
      ['classfy', '--model', 'ridge'],
      ['classify', '--modle', 'ridge'],
      ['classify', '--model', 'rigde'],
      ['classify', '--model', 'ridge', '--features', 'phtos'],
      ['extract', '--dta', 'photos', ...tiny],
      ['predict', 'photos'],
      ['predict', '--head', 'reports/photos', 'photos'],
      ['export', '--to', 'head.onnx'],
    ]) {
      const { status, printed } = await featuretap(mistake);
      assert.equal(status === 0, false, mistake.join(' '));
      const [command] = commandsIn(printed, byNode);
      assert.ok(command, printed);
      const mended = await runPrinted(command, byNode);
      assert.equal(mended.status, 0, `${command}\n${mended.printed}`);
    }
    // Also in a new process.
    const mistake = typed(`node ${launcher} classify --modle ridge`, root);
    assert.equal(mistake.printed, `\n${(await featuretap(['classify', '--modle', 'ridge'])).printed.trimStart()}`);
    const [command] = commandsIn(mistake.printed, byNode);
    assert.equal(typed(`${command}`, root).status, 0, command);
  });

  test('of the demo runs in the checkout', async () => {
    const small = ['--folder', join(root, 'demo'), '--classes', '3', '--per-class', '8'];
    const npm = {
      ...plainEnvironment,
      npm_lifecycle_event: 'demo',
      npm_package_json: join(projectRoot, 'package.json'),
    };
    const demo = typed(`node --import tsx scripts/demo/demo.ts ${small.join(' ')}`, projectRoot, npm);
    assert.equal(demo.status, 0, demo.printed);
    assert.equal(demo.printed.match(/^model +accuracy/gm)?.length, 1, 'the table is printed once');
    const commands = [...commandsIn(demo.printed, /npm run/)];
    for (const verb of ['extract', 'classify', 'compare', 'predict']) {
      assert.ok(
        commands.some((command) => command.startsWith(`npm run ${verb}`)),
        verb,
      );
    }
    // A checkout of symbolic links, so that reports are not written to the user's folders.
    const checkout = join(root, 'checkout');
    mkdirSync(checkout);
    for (const name of readdirSync(projectRoot)) {
      if (!['cache', 'demo', 'reports'].includes(name)) symlinkSync(join(projectRoot, name), join(checkout, name));
    }
    for (const command of commands) {
      if (command.includes('path/to/your/photos')) continue;
      // The command with an output file runs with npm; other npm scripts have a test of their own. The demo itself has
      // trained all heads.
      const { status, printed } = command.includes(' > ')
        ? typed(command, checkout)
        : await runPrinted(command.replace(' -- ', ' ').replace('--model all', '--model ridge'), /^npm run /, checkout);
      assert.equal(status, 0, `${command}\n${printed}`);
    }
  });
});

import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bestHead } from '../../src/predict/propose-heads.ts';
import { ownCommand, quoteArgument, type VerbName } from '../../src/system/own-command.ts';
import { drawPhotos } from './draw.ts';
import { drawInParallel } from './draw-in-parallel.ts';

/**
 * npm run demo: generates a small labelled set, then runs the verbs as a user would type them. Nothing is downloaded:
 * the network is demo-net, which is part of the program. All files are in a separate folder, apart from the user's sets
 * and reports.
 */

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: 'demo' },
    classes: { type: 'string', default: '10' },
    'per-class': { type: 'string', default: '60' },
    weights: { type: 'string', default: 'demo-net' },
  },
});
const root = fileURLToPath(new URL('../..', import.meta.url));
process.chdir(root);
const [photos, cache, reports, unseen] = ['photos', 'cache', 'reports', 'new'].map((name) =>
  join(values.folder, name),
) as [string, string, string, string];
const [classCount, perClass, seed] = [Number(values.classes), Number(values['per-class']), 0];
const startedAt = Date.now();

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Runs one verb as a user would type it; ends the demo with the verb's exit code if it fails. */
function type(verb: VerbName, args: readonly string[], into?: string): void {
  say(`\n$ ${ownCommand(verb, args)}${into === undefined ? '' : ` > ${quoteArgument(into)}`}`);
  const stdout = into === undefined ? 'inherit' : openSync(into, 'w');
  const done = spawnSync(process.execPath, [join(root, 'scripts/featuretap.cjs'), verb, ...args], {
    stdio: ['inherit', stdout, 'inherit'],
  });
  if (stdout !== 'inherit') closeSync(stdout);
  if (done.status !== 0) process.exit(done.status ?? 130);
}

// Written last: photos of an interrupted or older demo are generated again.
const record = join(values.folder, 'drawn.json');
const asked = `${JSON.stringify({ classCount, perClass, seed, weights: values.weights })}\n`;
if ((await readFile(record, 'utf8').catch(() => undefined)) === asked) {
  say(`${classCount * perClass} photos are already in ${photos}`);
} else {
  await rm(values.folder, { recursive: true, force: true });
  say(`generating ${classCount * perClass} photos of ${classCount} classes in ${photos} …`);
  await drawInParallel({ folder: photos, classCount, perClass, seed });
  await drawPhotos({ folder: unseen, classCount: 3, perClass: 1, seed: seed + 1 });
  await writeFile(record, asked);
}
if (values.weights === 'demo-net')
  say(
    'The network is demo-net, a small one (0.8 MB, part of the program), ' +
      'trained on generated patterns of other classes, not on photos.',
  );

type('extract', ['--data', photos, '--cache', cache, '--weights', values.weights]);
type('classify', ['--model', 'all', '--features', join(cache, 'photos'), '--test-size', '25%', '--out', reports]);
mkdirSync(reports, { recursive: true });
type('compare', [reports], join(reports, 'table.txt'));
const head = await bestHead(reports);
if (head !== undefined) type('predict', ['--head', head, '--top', '3', unseen]);
say(
  `\nAll steps took ${Math.round((Date.now() - startedAt) / 1000)} s; open ${join(reports, 'index.html')} in a browser.`,
);
if (head !== undefined)
  say(`A page to drop photos on, answered by this head:\n\n  ${ownCommand('serve', ['--head', head])}\n`);
say('The same for your own photos, one folder per class, with a ResNet50, which is downloaded once (98 MB):');
say(`\n  ${ownCommand('extract', ['--data', 'path/to/your/photos'])}`);

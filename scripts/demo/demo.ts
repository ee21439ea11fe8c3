import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { knownWeightsFile } from '../../src/extract/weights/load-weights.ts';
import { bestHead } from '../../src/predict/propose-heads.ts';
import { ownCommand, quoteArgument, type VerbName } from '../../src/system/own-command.ts';
import { drawPhotos } from './draw.ts';

/**
 * npm run demo: draws a small labelled set, then types the verbs as a user would. Nothing is downloaded, and everything
 * lies in a folder of its own, so that nothing of it stands beside the user's sets and reports.
 */

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: 'demo' },
    classes: { type: 'string', default: '10' },
    'per-class': { type: 'string', default: '40' },
    weights: { type: 'string' },
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

/** Runs one verb as the user would type it; ends the demo with the verb's own exit code when it fails. */
function type(verb: VerbName, args: readonly string[], into?: string): void {
  say(`\n$ ${ownCommand(verb, args)}${into === undefined ? '' : ` > ${quoteArgument(into)}`}`);
  const stdout = into === undefined ? 'inherit' : openSync(into, 'w');
  const done = spawnSync(process.execPath, [join(root, 'scripts/featuretap.cjs'), verb, ...args], {
    stdio: ['inherit', stdout, 'inherit'],
  });
  if (stdout !== 'inherit') closeSync(stdout);
  if (done.status !== 0) process.exit(done.status ?? 130);
}

// Written last: a drawing that was interrupted is drawn again.
const drawn = join(values.folder, 'drawn.json');
if (existsSync(drawn)) {
  say(`${classCount * perClass} drawn photos are in ${photos} already`);
} else {
  await rm(values.folder, { recursive: true, force: true });
  say(`drawing ${classCount * perClass} photos of ${classCount} classes into ${photos} …`);
  const classes = await drawPhotos({ folder: photos, classCount, perClass, seed });
  await drawPhotos({ folder: unseen, classCount: 3, perClass: 1, seed: seed + 1 });
  await writeFile(drawn, `${JSON.stringify({ classes, perClass, seed })}\n`);
}

// Downloaded by an earlier run of extract; the demo itself downloads nothing.
const pretrained = knownWeightsFile('resnet50');
const weights = values.weights ?? (pretrained !== undefined && existsSync(pretrained) ? 'resnet50' : 'random');
type('extract', ['--data', photos, '--cache', cache, '--weights', weights]);
type('classify', ['--model', 'all', '--features', join(cache, 'photos'), '--test-size', '25%', '--out', reports]);
mkdirSync(reports, { recursive: true });
type('compare', [reports], join(reports, 'table.txt'));
const head = await bestHead(reports);
if (head !== undefined) type('predict', ['--head', head, '--top', '3', unseen]);
say(
  `\nThe whole path took ${Math.round((Date.now() - startedAt) / 1000)} s; open ${join(reports, 'index.html')} in a browser. The same for your own photos, one folder per class:`,
);
say(`\n  ${ownCommand('extract', ['--data', 'path/to/your/photos'])}`);

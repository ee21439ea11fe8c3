import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { knownWeightsFile } from '../../src/extract/weights/load-weights.ts';
import { drawPhotos } from './draw.ts';

/** npm run demo: draws a small labelled set, then types the verbs as a user would. Nothing is downloaded. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const data = 'data/demo';
const [classCount, perClass, seed] = [10, 40, 0];
const startedAt = Date.now();

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Runs one verb as the user would type it; ends the demo with the verb's own exit code when it fails. */
function type(verb: string, ...args: readonly string[]): void {
  say(`\n$ npm run ${verb}${args.length > 0 ? ' -- ' : ''}${args.join(' ')}`);
  const done = spawnSync(process.execPath, [join(root, 'scripts/featuretap.cjs'), verb, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (done.status !== 0) process.exit(done.status ?? 130);
}

// Written last: a drawing that was interrupted is drawn again.
const drawn = join(root, data, '.drawn.json');
if (existsSync(drawn)) {
  say(`${classCount * perClass} drawn photos are in ${data} already`);
} else {
  await rm(join(root, data), { recursive: true, force: true });
  say(`drawing ${classCount * perClass} photos of ${classCount} classes into ${data} …`);
  const classes = await drawPhotos({ folder: join(root, data), classCount, perClass, seed });
  await writeFile(drawn, `${JSON.stringify({ classes, perClass, seed })}\n`);
}

// Downloaded by an earlier run of extract; the demo itself downloads nothing.
const pretrained = knownWeightsFile('resnet50');
const weights = pretrained !== undefined && existsSync(pretrained) ? 'resnet50' : 'random';
type('extract', '--data', data, '--weights', weights);
type('classify', '--model', 'all', '--features', 'cache/demo', '--test-size', '0.25');
type('compare', 'reports/demo');
say(
  `\nThe whole path took ${Math.round((Date.now() - startedAt) / 1000)} s. The same for your own photos, one folder per class:`,
);
say('\n  npm run extract -- --data path/to/your/photos');

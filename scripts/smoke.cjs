// npm run smoke -- [FILE.tgz] [--omit=optional]
//
// Installs the package as published, without scripts, into an empty project, and uses it there: the command line on
// generated photos from extract to predict, and the library. Without a file the package is built first.
const { spawnSync } = require('node:child_process');
const { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join, resolve } = require('node:path');

const root = join(__dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const omits = process.argv.slice(2).filter((word) => word.startsWith('--'));
const [given] = process.argv.slice(2).filter((word) => !word.startsWith('--'));
// npm's variables for this script do not apply to the new project.
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

/** Runs a command line and returns its output; exits if it fails. */
function run(command, cwd) {
  console.log(`$ ${command}`);
  const { status, stdout, stderr } = spawnSync(command, { cwd, env: environment, shell: true, encoding: 'utf8' });
  if (status === 0) return `${stdout}${stderr}`;
  console.error(`${stdout}${stderr}`);
  throw new Error(`${command}: exit ${status}`);
}

function check(holds, claim) {
  if (!holds) throw new Error(`failed: ${claim}`);
}

const folder = mkdtempSync(join(tmpdir(), 'featuretap-smoke-'));
try {
  const file = given === undefined ? pack() : resolve(given);
  writeFileSync(join(folder, 'package.json'), '{ "name": "somebody", "version": "1.0.0", "private": true }\n');
  run(`npm install --ignore-scripts --no-audit --no-fund ${omits.join(' ')} "${file}"`, folder);
  if (omits.includes('--omit=optional')) addSharp();
  use();
  console.log(
    `featuretap ${version} from its package works on ${process.platform}-${process.arch}, Node ${process.versions.node}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function pack() {
  run('npm run build', root);
  run(`npm pack --ignore-scripts --pack-destination "${folder}"`, root);
  return join(folder, `featuretap-${version}.tgz`);
}

/** sharp's native part consists of optional packages. */
function addSharp() {
  const names = Object.keys(
    JSON.parse(readFileSync(join(folder, 'node_modules/sharp/package.json'), 'utf8')).optionalDependencies,
  );
  const wanted = names.filter((name) => name.endsWith(`-${process.platform}-${process.arch}`));
  run(`npm install --ignore-scripts --no-audit --no-fund --omit=optional ${wanted.join(' ')}`, folder);
}

function use() {
  check(run('npx featuretap --version', folder).trim() === version, 'the version is that of package.json');
  check(
    run('npx featuretap --help', folder).includes('npx featuretap <verb>'),
    '--help prints commands as it was started',
  );
  check(run('npx featuretap taps', folder).includes('avgpool'), 'taps lists the average pool');
  draw();
  const tiny = '--weights random:resnet-tiny --resize 36 --crop 32 --device cpu';
  check(run(`npx featuretap extract --data photos ${tiny}`, folder).includes('24 images'), 'extract keeps 24 images');
  const packaged = run('npx featuretap extract --data photos --weights demo-net --cache packaged --device cpu', folder);
  check(packaged.includes('24 images, [128]'), 'extract runs the network of the package');
  // Workers of every kind: decoding, trees, pairs of a support vector machine.
  run('npx featuretap classify --model all --test-size 25%', folder);
  run('npx featuretap compare', folder);
  const head = readdirSync(join(folder, 'reports', 'photos')).find((name) => name.startsWith('forest'));
  const answer = run(`npx featuretap predict --head reports/photos/${head} --top 1 photos/red`, folder);
  check((answer.match(/red \d/g) ?? []).length >= 6, 'predict recognizes the red photos');
  run(`npx featuretap export --head reports/photos/${head} --to head.onnx`, folder);
  writeFileSync(
    join(folder, 'use.mjs'),
    "import { createHead } from 'featuretap'; console.log(createHead('svm').model);\n",
  );
  check(run('node use.mjs', folder).includes('svm'), 'the library creates a head');
}

/** Photos of four plain colours, each slightly different, written by the installed sharp. */
function draw() {
  const script = `
    const sharp = require('sharp');
    const colours = { red: [200, 30, 30], green: [30, 200, 30], blue: [30, 30, 200], grey: [120, 120, 120] };
    for (const [name, colour] of Object.entries(colours)) for (let i = 0; i < 6; i++) {
      const [r, g, b] = colour.map((value) => value + 4 * i);
      sharp({ create: { width: 48 + i, height: 44, channels: 3, background: { r, g, b } } }).jpeg().toFile('photos/' + name + '/' + i + '.jpg');
    }`;
  for (const name of ['red', 'green', 'blue', 'grey']) mkdirSync(join(folder, 'photos', name), { recursive: true });
  writeFileSync(join(folder, 'draw.cjs'), script);
  run('node draw.cjs', folder);
}

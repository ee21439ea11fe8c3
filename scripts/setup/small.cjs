// npm run setup:small
//
// Makes an installation small, and whole where `npm ci --omit=optional` (or --omit=dev beside it) left out too much: npm
// keeps the native parts of sharp and esbuild as optional packages, next to TensorFlow.js, which few need. Adds those of
// this platform, in the lockfile's versions, and removes ONNX Runtime's libraries for other platforms. Plain JavaScript:
// it runs where nothing else does.
const { spawnSync } = require('node:child_process');
const { existsSync, readdirSync, readFileSync, rmSync, statSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..', '..');
const packages = join(root, 'node_modules');
const { packages: locked } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));

const isMusl = process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined;
const platform = `${process.platform}${isMusl ? 'musl' : ''}-${process.arch}`;

addMissing();
removeOthers();

/** Those that the lockfile names for this platform; libvips is a package of its own but on Windows. */
function addMissing() {
  const wanted = [
    'esbuild',
    `@esbuild/${process.platform}-${process.arch}`,
    `@img/sharp-${platform}`,
    `@img/sharp-libvips-${platform}`,
  ].filter((name) => locked[`node_modules/${name}`] !== undefined);
  if (wanted.every((name) => existsSync(join(packages, name)))) return;
  // All of them: npm takes away what an earlier such command added.
  const specs = wanted.map((name) => `${name}@${locked[`node_modules/${name}`].version}`);
  console.log(`adding ${specs.join(', ')}`);
  // What was left out stays out; --save-prod keeps --omit=dev from it, and --no-save from package.json.
  const left = ['--omit=optional', ...(existsSync(join(packages, 'typescript')) ? [] : ['--omit=dev'])];
  const args = [
    'install',
    '--no-save',
    '--save-prod',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    ...left,
    ...specs,
  ];
  const { status } = spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) process.exit(status ?? 1);
}

function removeOthers() {
  const runtime = join(packages, 'onnxruntime-node', 'bin');
  let bytes = 0;
  for (const version of readdirSync(runtime)) {
    for (const os of readdirSync(join(runtime, version))) {
      for (const arch of readdirSync(join(runtime, version, os))) {
        if (os === process.platform && arch === process.arch) continue;
        const folder = join(runtime, version, os, arch);
        for (const file of readdirSync(folder)) bytes += statSync(join(folder, file)).size;
        rmSync(folder, { recursive: true });
      }
    }
  }
  console.log(`removed ${Math.round(bytes / 1e6)} MB of ONNX Runtime for other platforms`);
}

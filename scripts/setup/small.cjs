// npm run setup:small
//
// Makes an installation small, and completes it after `npm ci --omit=optional` (possibly with --omit=dev), which omits
// too much: npm keeps the native parts of sharp and esbuild as optional packages, like TensorFlow.js, which few need.
// Adds those of this platform in the lockfile's versions, and removes ONNX Runtime's libraries for other platforms.
// Plain JavaScript, so that it runs without any package.
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

/** The packages for this platform in the lockfile; libvips is a separate one except on Windows. */
function addMissing() {
  const wanted = [
    'esbuild',
    `@esbuild/${process.platform}-${process.arch}`,
    `@img/sharp-${platform}`,
    `@img/sharp-libvips-${platform}`,
  ].filter((name) => locked[`node_modules/${name}`] !== undefined);
  if (wanted.every((name) => existsSync(join(packages, name)))) return;
  // All of them, since npm removes those added by an earlier call.
  const specs = wanted.map((name) => `${name}@${locked[`node_modules/${name}`].version}`);
  console.log(`adding ${specs.join(', ')}`);
  // Omitted packages stay so; --save-prod exempts these from --omit=dev, --no-save keeps package.json unchanged.
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

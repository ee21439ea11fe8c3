/**
 * npm run setup:tensorflow [-- --library FOLDER]
 *
 * Installs the native library of @tensorflow/tfjs-node-gpu, which `npm ci` omits, and tests it with a run. Without
 * --library the package's own installer downloads it; with it, the package's addon is compiled against an existing
 * TensorFlow (Linux; needs a C++ compiler and Python for node-gyp): the folder of PyPI's tensorflow package, or an
 * unpacked libtensorflow.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../../src/system/errors.ts';
import { downloadSize } from './download-size.ts';
import { proveTensorFlow } from './prove-tensorflow.ts';

/** The package's largest N-API version (`binary.napi_versions` in its package.json); Node's own may be newer. */
const napiVersion = Math.min(Number(process.versions['napi']), 8);
const packageName = '@tensorflow/tfjs-node-gpu';

try {
  await setUp();
} catch (error) {
  console.error(error instanceof UserError ? `setup:tensorflow: ${error.message}` : error);
  process.exitCode = 1;
}

async function setUp(): Promise<void> {
  const { values } = parseArgs({ options: { library: { type: 'string' } } });
  const folder = packageFolder();
  if (values.library === undefined) await install(folder);
  else compile(folder, resolve(values.library));
  console.log('Testing the same network on both engines …');
  console.log(await proveTensorFlow());
}

function packageFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${packageName}/package.json`));
  } catch {
    throw new UserError({
      what: `${packageName} is not installed`,
      fix: `npm install --no-save ${packageName}@4.22.0`,
    });
  }
}

/** The download of the package's installer, announced before it starts. */
async function install(folder: string): Promise<void> {
  const { version, binary } = createRequire(import.meta.url)(`${folder}/package.json`);
  const constants = createRequire(import.meta.url)(`${folder}/scripts/deps-constants.js`);
  const base = process.env['TFJS_NODE_CDN_STORAGE'] ?? 'https://storage.googleapis.com/';
  const system = `${process.platform === 'darwin' ? 'cpu' : 'gpu'}-${constants.PLATFORM_MAPPING[process.platform]}-${constants.ARCH_MAPPING[process.arch]}`;
  const library = `${base}tensorflow/libtensorflow/libtensorflow-${system}-${constants.LIBTENSORFLOW_VERSION}.${constants.PLATFORM_EXTENSION}`;
  const addon = `${binary.host}/napi-v${napiVersion}/${version}/`;
  const size = await downloadSize(library, failed);
  console.log(`${packageName} ${version} needs TensorFlow's C library and a compiled addon. This downloads`);
  console.log(`  ${library} (${size})`);
  console.log(`  and the addon from ${addon}`);
  console.log(`into ${folder}`);
  const installer = spawnSync(process.execPath, ['scripts/install.js', 'gpu', 'download'], {
    cwd: folder,
    stdio: 'inherit',
    // The installer calls node-pre-gyp by name.
    env: { ...process.env, PATH: [...binFolders(folder), process.env['PATH']].join(delimiter) },
  });
  if (installer.status !== 0) throw failed(`its installer ended with code ${installer.status}`, library);
}

function failed(found: string, url: string): UserError {
  return new UserError({
    what: `The native library of ${packageName} cannot be downloaded`,
    where: url,
    found,
    fix:
      'set TFJS_NODE_CDN_STORAGE to a mirror, or compile against an installed TensorFlow: ' +
      'pip install tensorflow, then npm run setup:tensorflow -- --library …/site-packages/tensorflow',
  });
}

function compile(folder: string, library: string): void {
  if (process.platform !== 'linux')
    throw new UserError({ what: '--library works only on Linux', found: process.platform, exitCode: 2 });
  const include = join(library, 'include');
  if (!existsSync(join(include, 'tensorflow/c/eager/c_api.h')))
    throw new UserError({
      what: 'No TensorFlow with C headers found',
      where: library,
      expected:
        'include/tensorflow/c/eager/c_api.h: the tensorflow folder of site-packages, or an unpacked libtensorflow',
      exitCode: 2,
    });
  const deps = join(folder, 'deps');
  rmSync(deps, { recursive: true, force: true });
  mkdirSync(join(deps, 'lib'), { recursive: true });
  symlinkSync(include, join(deps, 'include'));
  // The addon links to libtensorflow; in PyPI's package the same library is libtensorflow_cc.
  linkLibrary(library, deps, 'libtensorflow', ['libtensorflow', 'libtensorflow_cc']);
  linkLibrary(library, deps, 'libtensorflow_framework', ['libtensorflow_framework']);
  const nodeGyp = process.env['npm_config_node_gyp'];
  if (nodeGyp === undefined)
    throw new UserError({ what: 'node-gyp is part of npm', fix: 'npm run setup:tensorflow -- --library FOLDER' });
  const defines = [
    `-Dmodule_name=tfjs_binding`,
    `-Dmodule_path=./lib/napi-v${napiVersion}`,
    `-Dnapi_build_version=${napiVersion}`,
  ];
  console.log(`Compiling the addon of ${packageName} against ${library} …`);
  const built = spawnSync(process.execPath, [nodeGyp, 'rebuild', '--', ...defines], { cwd: folder, encoding: 'utf8' });
  if (built.status !== 0)
    throw new UserError({
      what: 'The addon does not compile',
      where: folder,
      found: `${built.stdout}${built.stderr}`.trim().split('\n').slice(-15).join('\n'),
      expected: 'a C++ compiler, make, and Python 3 for node-gyp',
    });
}

function linkLibrary(library: string, deps: string, name: string, sources: readonly string[]): void {
  const folders = [library, join(library, 'lib')].filter((folder) => existsSync(folder));
  for (const source of sources) {
    for (const folder of folders) {
      const file = readdirSync(folder).find((entry) => entry === `${source}.so` || entry.startsWith(`${source}.so.`));
      if (file === undefined) continue;
      symlinkSync(join(folder, file), join(deps, 'lib', `${name}.so`));
      // The loader searches for the library's own name (soname).
      for (const soname of [file, `${source}.so.2`])
        if (!existsSync(join(deps, 'lib', soname))) symlinkSync(join(folder, file), join(deps, 'lib', soname));
      return;
    }
  }
  throw new UserError({
    what: `${sources.join(' or ')} does not exist`,
    where: library,
    expected: `${sources[0]}.so.2`,
  });
}

/** node_modules/.bin of the package and of each folder above it. */
function binFolders(folder: string): readonly string[] {
  return [join(folder, 'node_modules/.bin'), join(folder, '../../.bin')];
}

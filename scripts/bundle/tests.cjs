// Bundles test files with their imports, so that node runs them directly: a TypeScript loader takes a second per process.
const { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } = require('node:fs');
const { basename, join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { browserScripts, listSources, root, sources } = require('./bundle.cjs');

const cache = join(root, 'node_modules', '.cache', 'featuretap-tests');

/** Older folders are of interrupted runs. */
const keptMilliseconds = 24 * 60 * 60 * 1000;

/**
 * Makes the bundles in a folder of their own, which the caller removes. Node's runner takes files by their names: these
 * begin with their place in `groups`. Modules of `test/` and `scripts/` keep their `import.meta.url`, to find what lies
 * beside them; those of `src/` find their workers and their pages' scripts beside the bundles.
 *
 * @param {readonly (readonly string[])[]} groups files below the project, slashes between folders; a bundle, and so a
 *   process, for each group
 * @returns {Promise<{ folder: string, bundles: string[] }>} the bundles' paths in the order of `groups`
 */
async function bundleTests(groups) {
  mkdirSync(cache, { recursive: true });
  removeOld();
  const folder = mkdtempSync(join(cache, 'run-'));
  const digits = String(groups.length).length;
  const names = groups.map(([first, ...others], i) => {
    const name = others.length > 0 ? `${others.length + 1}-files-${i}` : first.slice(0, -3).replaceAll('/', '+');
    return `${String(i).padStart(digits, '0')}+${name}`;
  });
  const workers = listSources().filter((file) => file.endsWith('.worker.ts'));
  const esbuild = require('esbuild');
  await esbuild.build({
    entryPoints: [
      ...groups.map((files, i) => ({ in: `group:${files.join(',')}`, out: names[i] })),
      ...workers.map((file) => ({ in: join(sources, file), out: file.slice(file.lastIndexOf('/') + 1, -3) })),
    ],
    outdir: folder,
    bundle: true,
    splitting: true,
    sourcemap: 'linked',
    sourcesContent: false,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.15',
    logLevel: 'error',
    plugins: [fileGroups, ownUrls],
  });
  for (const { path, contents } of browserScripts()) writeFileSync(join(folder, basename(path)), contents);
  await esbuild.stop();
  // A module below node_modules/ is not of the project's own scope.
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  return { folder, bundles: names.map((name) => join(folder, `${name}.js`)) };
}

/** A module that imports the files of its group. */
const fileGroups = {
  name: 'file-groups',
  setup(build) {
    build.onResolve({ filter: /^group:/ }, ({ path }) => ({ path: path.slice('group:'.length), namespace: 'group' }));
    build.onLoad({ filter: /./, namespace: 'group' }, ({ path }) => ({
      contents: path
        .split(',')
        .map((file) => `import './${file}';`)
        .join('\n'),
      resolveDir: root,
    }));
  },
};

const ownUrls = {
  name: 'own-urls',
  setup(build) {
    build.onLoad({ filter: /[/\\](?:test|scripts)[/\\].*\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
    }));
  },
};

function removeOld() {
  for (const folder of readdirSync(cache).map((name) => join(cache, name))) {
    if (Date.now() - statSync(folder).mtimeMs > keptMilliseconds) rmSync(folder, { recursive: true, force: true });
  }
}

module.exports = { bundleTests };

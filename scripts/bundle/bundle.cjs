// Bundles the program with esbuild: the command line, the library and the workers, what they share in chunks beside them.
// `node scripts/bundle/bundle.cjs` writes the package's dist/bundle/; the launcher of a checkout keeps one in a cache.
const { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { basename, join } = require('node:path');

const root = join(__dirname, '..', '..');
const sources = join(root, 'src');

/**
 * Packages, all of them ES modules, that every start of the command line loads. With their files inside the bundle, --help
 * takes 0.35 s of processor time in place of 0.43. All other packages stay in node_modules.
 */
const bundled = ['leven', 'yargs'];

/**
 * The TypeScript files below a folder of src/, in a fixed order.
 *
 * @returns {string[]} their paths below src/, slashes between folders
 */
function listSources(folder = '') {
  return readdirSync(join(sources, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      return entry.isDirectory() ? listSources(path) : path.endsWith('.ts') ? [path] : [];
    })
    .sort();
}

/**
 * All files of a bundle lie side by side, so that a worker is found from any chunk as its module is from its caller's
 * module: by its name. Two workers of one name are an error of esbuild's.
 *
 * @param {readonly string[]} files what `listSources` gives
 * @returns {{ name: string, contents: Uint8Array | string }[]}
 */
function bundleSources(files) {
  const workers = files.filter((file) => file.endsWith('.worker.ts'));
  const { dependencies, optionalDependencies } = require(join(root, 'package.json'));
  const { outputFiles, metafile } = require('esbuild').buildSync({
    absWorkingDir: root,
    entryPoints: ['cli.ts', 'index.ts', ...workers].map((file) => join(sources, file)),
    entryNames: '[name]',
    outdir: join(root, 'dist', 'bundle'),
    bundle: true,
    splitting: true,
    write: false,
    external: Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => !bundled.includes(name)),
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.15',
    logLevel: 'error',
  });
  return [
    ...[...outputFiles, ...browserScripts()].map(({ path, contents }) => ({ name: basename(path), contents })),
    { name: 'LICENSES.txt', contents: licensesOf(Object.keys(metafile.inputs)) },
  ];
}

/** The licenses of the packages that files are from, which go where their code goes. */
function licensesOf(files) {
  const packages = new Set(files.flatMap((file) => /^(.*node_modules[/](?:@[^/]+[/])?[^/]+)[/]/.exec(file)?.[1] ?? []));
  const texts = [...packages].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[sc]e/i.test(entry));
    const text = file === undefined ? '' : `\n\n${readFileSync(join(root, folder, file), 'utf8').trim()}`;
    return `${name} ${version}, ${license}${text}\n`;
  });
  // A package may lie in several places.
  return [...new Set(texts)].sort().join('\n\n');
}

/**
 * What pages run in a browser, each as one script beside the bundles: `report-client.js`, `serve-client.js`.
 *
 * @returns {{ path: string, contents: Uint8Array }[]}
 */
function browserScripts() {
  return require('esbuild').buildSync({
    entryPoints: ['report', 'serve'].map((page) => ({
      in: join(sources, page, 'page/client/main.ts'),
      out: `${page}-client`,
    })),
    outdir: join(root, 'dist', 'bundle'),
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    logLevel: 'error',
  }).outputFiles;
}

module.exports = { browserScripts, bundleSources, listSources, root, sources };

if (require.main === module) {
  const folder = join(root, 'dist', 'bundle');
  const made = bundleSources(listSources());
  // All of it: types of sources that are gone must not be published.
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, contents } of made) writeFileSync(join(folder, name), contents);
}

// Runs a checkout: bundles the present sources once, in node_modules/.cache/featuretap/, into a folder named by their
// sizes and times, so that every edit is seen by the next start.
const { createHash, randomUUID } = require('node:crypto');
const fs = require('node:fs');
const { join } = require('node:path');
const { bundleSources, listSources, root, sources } = require('./bundle.cjs');

const cache = join(root, 'node_modules', '.cache', 'featuretap');

/** Number of bundles that are always kept. */
const keptBundles = 5;
/** A run loads parts of its bundle on demand, so a bundle is removed only three days after its last start. */
const keptMilliseconds = 3 * 24 * 60 * 60 * 1000;

/**
 * Returns the folder of the bundle of the sources, which is built if necessary. Ends the process if the sources have
 * errors or esbuild is missing.
 *
 * @returns {string | undefined} undefined if it cannot be stored
 */
function bundleFolder() {
  const files = listSources();
  const key = keyOf(files);
  const folder = join(cache, key);
  if (markUsed(folder)) return folder;
  const scratch = makeScratch(folder);
  if (scratch === undefined) return undefined;
  const made = tryBundle(files, scratch);
  // An edit during the build would be stored under the name of the old sources.
  if (keyOf(listSources()) !== key) {
    remove(scratch);
    return bundleFolder();
  }
  prune();
  return keep(made, scratch, folder);
}

/**
 * A hash of the sizes and times of everything in a bundle: the sources, these scripts, and esbuild's package. Every
 * start computes it: reading the files would take 12 ms of processor time, their times take 5.
 */
function keyOf(files) {
  const hash = createHash('sha256');
  const add = (name, path) => {
    const { size, mtimeMs, ctimeMs } = fs.statSync(path);
    hash.update(`${name}\0${size} ${mtimeMs} ${ctimeMs}\0`);
  };
  for (const file of files) add(file, join(sources, file));
  for (const script of fs.readdirSync(__dirname)) add(script, join(__dirname, script));
  const esbuild = join(root, 'node_modules', 'esbuild', 'package.json');
  if (fs.existsSync(esbuild)) add('esbuild', esbuild);
  return hash.digest('hex').slice(0, 32);
}

/** Whether the bundle exists; marks it as started now. */
function markUsed(folder) {
  if (!fs.existsSync(folder)) return false;
  try {
    const now = new Date();
    fs.utimesSync(folder, now, now);
  } catch {
    // A read-only checkout is never pruned either.
  }
  return true;
}

function tryBundle(files, scratch) {
  try {
    return bundleSources(files);
  } catch (error) {
    remove(scratch);
    // esbuild has printed errors in the sources; any other error means that it is not installed.
    if (!Array.isArray(error.errors)) {
      console.error('a checkout needs esbuild, which is not installed for this platform');
      console.error('  fix:      npm run setup:small, or npm ci without --omit');
    }
    process.exit(1);
  }
}

/** A temporary folder beside the bundle's, renamed when complete, so that concurrent starts find complete bundles. */
function makeScratch(folder) {
  try {
    const scratch = `${folder}.${randomUUID()}`;
    fs.mkdirSync(scratch, { recursive: true });
    return scratch;
  } catch {
    return undefined;
  }
}

function keep(made, scratch, folder) {
  try {
    // Modules below node_modules/ are outside the project's package scope.
    fs.writeFileSync(join(scratch, 'package.json'), '{ "type": "module" }\n');
    for (const { name, contents } of made) fs.writeFileSync(join(scratch, name), contents);
    fs.renameSync(scratch, folder);
    return folder;
  } catch {
    remove(scratch);
    return fs.existsSync(folder) ? folder : undefined;
  }
}

function remove(scratch) {
  fs.rmSync(scratch, { recursive: true, force: true });
}

function prune() {
  try {
    const bundles = fs.readdirSync(cache).map((name) => join(cache, name));
    const age = (folder) => Date.now() - fs.statSync(folder).mtimeMs;
    const old = bundles.map((folder) => [age(folder), folder]).sort(([one], [other]) => one - other);
    for (const [milliseconds, folder] of old.slice(keptBundles)) {
      if (milliseconds > keptMilliseconds) fs.rmSync(folder, { recursive: true, force: true });
    }
  } catch {
    // Another start prunes at the same time.
  }
}

module.exports = { bundleFolder };

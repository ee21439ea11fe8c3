// What the launcher runs in a checkout: a bundle of the sources as they stand, made once and kept below
// node_modules/.cache/featuretap/ in a folder that is named by their sizes and times, so that an edit is seen at once.
const { createHash, randomUUID } = require('node:crypto');
const fs = require('node:fs');
const { join } = require('node:path');
const { bundleSources, listSources, root, sources } = require('./bundle.cjs');

const cache = join(root, 'node_modules', '.cache', 'featuretap');

/** Bundles that stay however old they are. */
const keptBundles = 5;
/** A run loads parts of its bundle as it needs them; three days after a bundle's last start none is left. */
const keptMilliseconds = 3 * 24 * 60 * 60 * 1000;

/**
 * Where the bundle of the sources lies, made now where there is none. Ends the process where they are wrong, or where
 * there is no esbuild to make it.
 *
 * @returns {string | undefined} undefined where it cannot be kept
 */
function bundleFolder() {
  const files = listSources();
  const key = keyOf(files);
  const folder = join(cache, key);
  if (markUsed(folder)) return folder;
  const scratch = makeScratch(folder);
  if (scratch === undefined) return undefined;
  const made = tryBundle(files, scratch);
  // An edit in between would be kept under the name of what was there before.
  if (keyOf(listSources()) !== key) {
    remove(scratch);
    return bundleFolder();
  }
  prune();
  return keep(made, scratch, folder);
}

/**
 * A hash of the sizes and times of all that a bundle is made from: the sources, these scripts, and esbuild's package. Every
 * start makes it: to read the files would take 12 ms of processor time, to ask for their times takes 5.
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

/** Whether there is such a bundle, which counts as started now. */
function markUsed(folder) {
  if (!fs.existsSync(folder)) return false;
  try {
    const now = new Date();
    fs.utimesSync(folder, now, now);
  } catch {
    // A checkout that is only read is never pruned either.
  }
  return true;
}

function tryBundle(files, scratch) {
  try {
    return bundleSources(files);
  } catch (error) {
    remove(scratch);
    // esbuild has named what is wrong with the sources; any other error is that it is not installed.
    if (!Array.isArray(error.errors)) {
      console.error('esbuild, which a checkout needs, is not installed for this platform');
      console.error('  fix:      npm run setup:small, or npm ci without --omit');
    }
    process.exit(1);
  }
}

/** A folder beside a bundle's place, to be moved there whole: two starts at once each find all of one. */
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
    // A module below node_modules/ is not of the project's own scope.
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

#!/usr/bin/env node
// Runs the bundle of an installed package, or in a checkout one of its sources as they stand.
//
// CommonJS, because sharp decodes on libuv's thread pool: it has 4 threads unless the environment says otherwise when
// it is first used, and node loads an ES module through that very pool.
const { existsSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { availableParallelism } = require('node:os');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism()));

const sources = join(__dirname, '..', 'src', 'cli.ts');

async function main() {
  if (!existsSync(sources)) {
    enableCompileCache?.();
    return import(pathToFileURL(join(__dirname, '..', 'dist', 'bundle', 'cli.js')).href);
  }
  const folder = require('./bundle/checkout.cjs').bundleFolder();
  if (folder !== undefined) {
    // Beside the bundle, to go when it goes.
    enableCompileCache?.(join(folder, 'compiled'));
    return import(pathToFileURL(join(folder, 'cli.js')).href);
  }
  const { register } = await import('tsx/esm/api');
  register();
  return import(pathToFileURL(sources).href);
}

main();

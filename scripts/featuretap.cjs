#!/usr/bin/env node
// Runs the build where there is one (an installed package), else the TypeScript sources (a checkout).
//
// CommonJS, because sharp decodes on libuv's thread pool: it has 4 threads unless the environment says otherwise when
// it is first used, and node loads an ES module through that very pool.
const { existsSync } = require('node:fs');
const { availableParallelism } = require('node:os');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism()));

const sources = join(__dirname, '..', 'src', 'cli.ts');
const build = join(__dirname, '..', 'dist', 'src', 'cli.js');

async function main() {
  if (!existsSync(sources)) return import(pathToFileURL(build).href);
  const { register } = await import('tsx/esm/api');
  register();
  return import(pathToFileURL(sources).href);
}

main();

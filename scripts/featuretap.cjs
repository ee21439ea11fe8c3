#!/usr/bin/env node
// Runs the bundle of an installed package, or in a checkout a bundle of the present sources.
// CommonJS: sharp decodes on libuv's thread pool, whose size must be set before its first use, and node loads ES
// modules with that pool.
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
    // In the bundle's folder, so that it is removed with it.
    enableCompileCache?.(join(folder, 'compiled'));
    return import(pathToFileURL(join(folder, 'cli.js')).href);
  }
  const { register } = await import('tsx/esm/api');
  register();
  return import(pathToFileURL(sources).href);
}

main();

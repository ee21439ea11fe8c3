#!/usr/bin/env node
// Runs the build where there is one (an installed package), else the TypeScript sources (a checkout).
import { existsSync } from 'node:fs';

const sources = new URL('../src/cli.ts', import.meta.url);
if (existsSync(sources)) {
  const { register } = await import('tsx/esm/api');
  register();
  await import(sources.href);
} else {
  await import(new URL('../dist/src/cli.js', import.meta.url).href);
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a worker thread on a module of this project, from TypeScript sources as well as from the build. The module
 * has no top-level await; from sources `import.meta.url` is the worker's own in all modules that it imports.
 *
 * @param name module name without extension, relative to `importMetaUrl`, e.g. `./decode.worker`
 * @param importMetaUrl the caller's `import.meta.url`; its extension tells sources (.ts) from the build (.js)
 */
export function startWorker(name: string, importMetaUrl: string, options: WorkerOptions = {}): Worker {
  const fromSources = importMetaUrl.endsWith('.ts');
  // A bundle's files lie side by side.
  const module = new URL(fromSources ? `${name}.ts` : `./${posix.basename(name)}.js`, importMetaUrl);
  return fromSources ? new Worker(workerScript(module.href), { ...options, eval: true }) : new Worker(module, options);
}

/** The part of esbuild that is used here. */
interface Bundler {
  buildSync(options: object): { readonly outputFiles: readonly [{ readonly text: string }] };
}

/**
 * What a page runs in a browser, as one script: from TypeScript sources `client/main.ts` beside the caller, bundled now,
 * from the build the file of that name (scripts/bundle/bundle.cjs).
 *
 * @param importMetaUrl the caller's `import.meta.url`
 */
export function browserScript(page: 'report' | 'serve', importMetaUrl: string): string {
  if (!importMetaUrl.endsWith('.ts')) return readFileSync(new URL(`./${page}-client.js`, importMetaUrl), 'utf8');
  return bundled(new URL('./client/main.ts', importMetaUrl).href, {
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
  });
}

const bundles = new Map<string, string>();

/**
 * A worker's sources as one script. A worker does not inherit tsx's loader on Node 20, and would spend 0.4 s of
 * processor time on one of its own, each of them; esbuild does this once in a tenth of that.
 */
function workerScript(moduleUrl: string): string {
  return bundled(moduleUrl, {
    platform: 'node',
    format: 'cjs',
    packages: 'external',
    define: { 'import.meta.url': JSON.stringify(moduleUrl) },
    // A script without a file looks for packages from the working folder.
    banner: { js: `require = require('node:module').createRequire(${JSON.stringify(moduleUrl)});` },
  });
}

function bundled(moduleUrl: string, options: object): string {
  const known = bundles.get(moduleUrl);
  if (known !== undefined) return known;
  const esbuild: Bundler = createRequire(import.meta.url)('esbuild');
  const entryPoints = [fileURLToPath(moduleUrl)];
  const { outputFiles } = esbuild.buildSync({
    ...options,
    entryPoints,
    bundle: true,
    write: false,
    logLevel: 'silent',
  });
  const [{ text }] = outputFiles;
  bundles.set(moduleUrl, text);
  return text;
}

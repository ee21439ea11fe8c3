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
  return fromSources ? new Worker(bundled(module.href), { ...options, eval: true }) : new Worker(module, options);
}

/** The part of esbuild that is used here. */
interface Bundler {
  buildSync(options: object): { readonly outputFiles: readonly { readonly text: string }[] };
}

const bundles = new Map<string, string>();

/**
 * A worker's sources as one script. A worker does not inherit tsx's loader on Node 20, and would spend 0.4 s of
 * processor time on one of its own, each of them; esbuild does this once in a tenth of that.
 */
function bundled(moduleUrl: string): string {
  const known = bundles.get(moduleUrl);
  if (known !== undefined) return known;
  const esbuild = createRequire(import.meta.url)('esbuild') as Bundler;
  const { outputFiles } = esbuild.buildSync({
    entryPoints: [fileURLToPath(moduleUrl)],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    packages: 'external',
    define: { 'import.meta.url': JSON.stringify(moduleUrl) },
    // A script without a file looks for packages from the working folder.
    banner: { js: `require = require('node:module').createRequire(${JSON.stringify(moduleUrl)});` },
    logLevel: 'silent',
  });
  const script = outputFiles[0]?.text as string;
  bundles.set(moduleUrl, script);
  return script;
}

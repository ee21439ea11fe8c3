import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a worker thread from a module of this project, in TypeScript sources or in the build. The module must not use
 * top-level await; from sources, `import.meta.url` is that of the worker in all modules it imports.
 *
 * @param name module name without extension, relative to `importMetaUrl`, e.g. `./decode.worker`
 * @param importMetaUrl the caller's `import.meta.url`; its extension tells sources (.ts) from the build (.js)
 */
export function startWorker(name: string, importMetaUrl: string, options: WorkerOptions = {}): Worker {
  const fromSources = importMetaUrl.endsWith('.ts');
  // In a bundle, all files are in one folder.
  const module = new URL(fromSources ? `${name}.ts` : `./${posix.basename(name)}.js`, importMetaUrl);
  return fromSources ? new Worker(workerScript(module.href), { ...options, eval: true }) : new Worker(module, options);
}

/** Worker threads of one module. */
export interface Workers {
  post(message: unknown): void;
  check(): void;
  close(): Promise<void>;
}

/** Starts `count` threads of a module; the other parameters are those of `startWorker`. */
export function startWorkers(count: number, name: string, importMetaUrl: string): Workers {
  let failure: unknown;
  const workers = Array.from({ length: count }, () => {
    const worker = startWorker(name, importMetaUrl);
    return worker.once('error', (error) => {
      failure = error;
    });
  });
  return {
    post: (message) => {
      for (const worker of workers) worker.postMessage(message);
    },
    check: () => {
      if (failure !== undefined) throw failure;
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** Ends threads that may still post messages. */
export async function stopWorkers(workers: readonly Worker[]): Promise<void> {
  for (const worker of workers) {
    worker.removeAllListeners();
    await worker.terminate();
  }
}

interface Bundler {
  buildSync(options: object): { readonly outputFiles: readonly [{ readonly text: string }] };
}

/**
 * The browser script of a page: in a checkout, bundles `client/main.ts` beside the caller; in the build, reads the
 * prebuilt file (scripts/bundle/bundle.cjs).
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
 * Bundles a worker's sources into one script. On Node 20, workers do not inherit tsx's loader, and each would take 0.4
 * s of processor time for its own; bundling once takes a tenth of that.
 */
function workerScript(moduleUrl: string): string {
  return bundled(moduleUrl, {
    platform: 'node',
    format: 'cjs',
    packages: 'external',
    define: { 'import.meta.url': JSON.stringify(moduleUrl) },
    // A script without a file would resolve packages from the working folder.
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

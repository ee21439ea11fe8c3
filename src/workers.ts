import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a worker thread on a module of this project, from TypeScript sources as well as from the build.
 *
 * @param name module name without extension, relative to `importMetaUrl`, e.g. `./decode.worker`
 * @param importMetaUrl the caller's `import.meta.url`; its extension tells sources (.ts) from the build (.js)
 */
export function startWorker(name: string, importMetaUrl: string, options: WorkerOptions = {}): Worker {
  const fromSources = importMetaUrl.endsWith('.ts');
  const module = new URL(`${name}${fromSources ? '.ts' : '.js'}`, importMetaUrl);
  if (!fromSources) return new Worker(module, options);
  // A worker does not inherit tsx's loader on Node 20: register it there first.
  const tsx = import.meta.resolve('tsx/esm/api');
  const boot = `import(${JSON.stringify(tsx)}).then((t) => { t.register(); return import(${JSON.stringify(module.href)}); })`;
  return new Worker(boot, { ...options, eval: true });
}

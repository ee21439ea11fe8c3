import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import { projectRoot } from './reference.ts';

/**
 * Arguments of Node that run TypeScript which imports from the project, in a process whose working folder is the project's.
 * It is bundled: a loader of TypeScript takes half a second of each process.
 */
export function childSource(source: string): readonly string[] {
  const { outputFiles } = buildSync({
    stdin: { contents: source, loader: 'ts', resolveDir: projectRoot },
    bundle: true,
    write: false,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.15',
    logLevel: 'error',
  });
  return ['--input-type=module', '--eval', outputFiles[0]?.text ?? ''];
}

/** Address of the library as the package has it: a bundle. */
export function libraryUrl(): string {
  const { bundleFolder }: { bundleFolder(): string } = createRequire(import.meta.url)('../scripts/bundle/checkout.cjs');
  return pathToFileURL(join(bundleFolder(), 'index.js')).href;
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Versions of what makes the numbers of a report. */
export function versions(): Readonly<Record<string, string>> {
  const require = createRequire(import.meta.url);
  const versionIn = (path: string): string => String(JSON.parse(readFileSync(path, 'utf8'))['version']);
  return {
    featuretap: versionIn(ownPackageJson()),
    node: process.versions.node,
    'onnxruntime-node': versionIn(require.resolve('onnxruntime-node/package.json')),
  };
}

/** package.json of this project: two folders up from the sources, one more from the build under dist/. */
function ownPackageJson(): string {
  const require = createRequire(import.meta.url);
  try {
    return require.resolve('../../package.json');
  } catch {
    return require.resolve('../../../package.json');
  }
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { programVersion } from '../system/version.ts';

/** Versions of what makes the numbers of a report. */
export function versions(): Readonly<Record<string, string>> {
  const runtime = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return {
    featuretap: programVersion(),
    node: process.versions.node,
    'onnxruntime-node': String(JSON.parse(readFileSync(runtime, 'utf8'))['version']),
  };
}

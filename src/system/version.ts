import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { program } from './program.ts';

export function programVersion(): string {
  return program().version;
}

/** Versions of what makes the numbers of a report; ONNX Runtime is not loaded for its own. */
export function versions(): Readonly<Record<string, string>> {
  const runtime = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return {
    featuretap: programVersion(),
    node: process.versions.node,
    'onnxruntime-node': String(JSON.parse(readFileSync(runtime, 'utf8'))['version']),
  };
}

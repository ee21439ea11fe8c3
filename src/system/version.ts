import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { errorCode } from './errors.ts';

interface Program {
  /** The folder of its package.json. */
  readonly folder: URL;
  readonly version: string;
}

let found: Program | undefined;

/** Folder and version of this program, from its package.json, for sources, build and bundle alike. */
export function program(): Program {
  found ??= search(new URL('.', import.meta.url));
  return found;
}

export function programVersion(): string {
  return program().version;
}

/** Versions of what computes a report's numbers, without loading ONNX Runtime. */
export function versions(): Readonly<Record<string, string>> {
  const runtime = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return {
    featuretap: programVersion(),
    node: process.versions.node,
    'onnxruntime-node': String(JSON.parse(readFileSync(runtime, 'utf8'))['version']),
  };
}

function search(folder: URL): Program {
  try {
    const { name, version } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as {
      readonly name?: string;
      readonly version: string;
    };
    if (name === 'featuretap') return { folder, version };
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOENT') throw error;
  }
  const above = new URL('..', folder);
  if (above.href === folder.href) throw new Error(`no package.json of featuretap above ${import.meta.url}`);
  return search(above);
}

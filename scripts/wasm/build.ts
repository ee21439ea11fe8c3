import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';

/** A WebAssembly text file of the project, and its TypeScript module. */
interface WasmSource {
  /** Absolute paths. */
  readonly source: string;
  readonly module: string;
  /** Name of the module's one export. */
  readonly exported: string;
}

export const wasmSources: readonly WasmSource[] = [
  wasmSource('extract/images/resize/resize', 'resizeModule'),
  wasmSource('models/svm/smo/smo', 'smoModule'),
  wasmSource('models/svm/linear-svc/row-classifiers', 'rowClassifiersModule'),
  wasmSource('models/forest/trees/tree-scan', 'treeScanModule'),
  wasmSource('models/mlp/penalized-adam', 'penalizedAdamModule'),
];

function wasmSource(name: string, exported: string): WasmSource {
  const path = (file: string): string => fileURLToPath(new URL(`../../src/${file}`, import.meta.url));
  return { source: path(`${name}.wat`), module: path(`${name}-wasm.ts`), exported };
}

/**
 * Compiles a .wat file to WebAssembly and returns a TypeScript module with its bytes. `npm run wasm` writes all
 * modules; a test compares them with those in the repository.
 */
export async function buildWasmModule({ source, exported }: WasmSource): Promise<string> {
  const name = source.replace(/^.*[\\/]/, '');
  const module = (await wabt()).parseWat(name, readFileSync(source, 'utf8'), { simd: true });
  try {
    module.resolveNames();
    module.validate();
    const bytes = Buffer.from(module.toBinary({}).buffer);
    const lines = bytes.toString('base64').match(/.{1,100}/g) ?? [];
    return [
      `/** ${name} as WebAssembly, in base64; \`npm run wasm\` makes this file. */`,
      `export const ${exported}: string =`,
      `${lines.map((line) => `  '${line}'`).join(' +\n')};`,
      '',
    ].join('\n');
  } finally {
    module.destroy();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const source of wasmSources) writeFileSync(source.module, await buildWasmModule(source));
}

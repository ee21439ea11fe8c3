import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';

/**
 * Compiles src/extract/images/resize.wat to WebAssembly and returns the TypeScript module that carries its bytes.
 * `npm run wasm` writes it; a test compares it with the one in the repository.
 */
export async function buildResizeModule(): Promise<string> {
  const source = readFileSync(new URL('../../src/extract/images/resize.wat', import.meta.url), 'utf8');
  const module = (await wabt()).parseWat('resize.wat', source, { simd: true });
  try {
    module.resolveNames();
    module.validate();
    const bytes = Buffer.from(module.toBinary({}).buffer);
    const lines = bytes.toString('base64').match(/.{1,100}/g) ?? [];
    return [
      '/** resize.wat as WebAssembly, in base64; `npm run wasm` makes this file. */',
      'export const resizeModule: string =',
      `${lines.map((line) => `  '${line}'`).join(' +\n')};`,
      '',
    ].join('\n');
  } finally {
    module.destroy();
  }
}

export const resizeModulePath: string = fileURLToPath(
  new URL('../../src/extract/images/resize-wasm.ts', import.meta.url),
);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(resizeModulePath, await buildResizeModule());
}

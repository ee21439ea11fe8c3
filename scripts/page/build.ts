import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const entry: string = fileURLToPath(new URL('../../src/report/page/client/main.ts', import.meta.url));

/** The TypeScript module that carries the page's script. */
export const clientModule: string = fileURLToPath(new URL('../../src/report/page/client-script.ts', import.meta.url));

/**
 * Bundles what the page of `compare` runs in a browser and returns the TypeScript module that carries it as text. `npm run
 * page` writes it; a test compares it with the one in the repository. Readable, so that a change of it can be reviewed.
 */
export async function buildClientModule(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'error',
  });
  // What a template literal would take for its own.
  const script = (outputFiles[0]?.text ?? '').replaceAll(/^\s*\/\/ src\/.*\n/gm, '').replaceAll(/[\\`]|\$\{/g, '\\$&');
  return `/** \`client/\`, bundled; \`npm run page\` makes this file. */\nexport const clientScript: string = \`${script}\`;\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(clientModule, await buildClientModule());

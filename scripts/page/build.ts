import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const inSources = (path: string): string => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));

/** Folders of pages: `client/` is what runs in a browser, `client-script.ts` the TypeScript module that carries it. */
export const pages: { readonly report: string; readonly serve: string } = {
  report: inSources('report/page'),
  serve: inSources('serve/page'),
};

export function clientModule(page: string): string {
  return `${page}/client-script.ts`;
}

/**
 * Bundles what a page runs in a browser and returns the TypeScript module that carries it as text. `npm run page` writes
 * it; a test compares it with the one in the repository. Readable, so that a change of it can be reviewed.
 */
export async function buildClientModule(page: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${page}/client/main.ts`],
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const page of Object.values(pages)) writeFileSync(clientModule(page), await buildClientModule(page));
}

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The launcher of this checkout. */
export const launcher: string = join(root, 'scripts', 'featuretap.cjs');

/** The launcher of an unpacked npm package, with this checkout's dependencies. */
export function unpackPackage(folder: string): string {
  must(process.execPath, [join(root, 'scripts', 'bundle', 'bundle.cjs')]);
  return lay(folder, ['package.json', 'scripts/featuretap.cjs', 'dist/bundle']);
}

/** The launcher of a checkout without a bundle, with this one's dependencies. */
export function linkCheckout(folder: string): string {
  return lay(folder, ['package.json', 'scripts/featuretap.cjs', 'scripts/bundle', 'src']);
}

function lay(folder: string, parts: readonly string[]): string {
  for (const part of parts) cpSync(join(root, part), join(folder, part), { recursive: true });
  const packages = join(root, 'node_modules');
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync(packages)) {
    if (!name.startsWith('.')) symlinkSync(join(packages, name), join(folder, 'node_modules', name), 'junction');
  }
  return join(folder, 'scripts', 'featuretap.cjs');
}

/** Runs a command; its output is shown only if it fails. */
export function must(command: string, args: readonly string[], cwd?: string): void {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw error ?? new Error(`${[command, ...args].join(' ')}: exit ${status}\n${stderr}`);
}

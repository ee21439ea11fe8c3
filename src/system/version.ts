import { readFileSync } from 'node:fs';

/** This program's version, from its package.json: two folders up from the sources, three from the build. */
export function programVersion(): string {
  const up = import.meta.url.endsWith('.ts') ? '../../package.json' : '../../../package.json';
  const { version } = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as { version: string };
  return version;
}

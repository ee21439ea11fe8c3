import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('program.cjs', import.meta.url));
const { bundleFolder }: { bundleFolder(): string } = createRequire(import.meta.url)('../bundle/checkout.cjs');

/** A run that takes this long hangs: undisturbed ones take a second or two. */
const hangMs = 120_000;
/** Each run leaves its watchdog thread behind, so a process is replaced after this many. */
const runsOfProcess = 50;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly hung: boolean;
}

/** The command line in a process for many runs, replaced after it was killed. */
export class Program {
  #child: ChildProcess | undefined;
  #runs = 0;

  /** Runs one command at a time. */
  async run(args: readonly string[]): Promise<Ended> {
    if (this.#runs++ % runsOfProcess === 0) this.close();
    this.#child ??= start();
    const child = this.#child;
    let stderr = '';
    let hung = false;
    const timer = setTimeout(() => {
      hung = true;
      this.kill();
    }, hangMs);
    child.stdin?.write(`${JSON.stringify([...args, '--quiet'])}\n`);
    const { code, signal } = await new Promise<Pick<Ended, 'code' | 'signal'>>((resolve) => {
      child.stderr?.on('data', (text) => {
        stderr += text;
        const [end, code] = /\0(\d+)\0$/.exec(stderr) ?? [];
        if (end !== undefined) resolve({ code: Number(code), signal: null });
      });
      child.on('close', (code, signal) => resolve({ code, signal }));
    });
    clearTimeout(timer);
    child.stderr?.removeAllListeners('data');
    child.removeAllListeners('close');
    if (child.exitCode !== null || child.signalCode !== null) this.#child = undefined;
    return { code, signal, hung, stderr: stderr.replace(/\0\d+\0$/, '') };
  }

  /** Pid of its process; undefined before the first run, and after a kill. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** Ends the process between two runs. */
  close(): void {
    this.#child?.stdin?.end();
    this.#child = undefined;
  }
}

function start(): ChildProcess {
  const env = { ...process.env, UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism())) };
  return spawn(process.execPath, [script, bundleFolder()], { env, stdio: ['pipe', 'ignore', 'pipe'] });
}

import fs from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/** Error codes of disks, file servers and operating systems. */
export const faults: readonly string[] = [
  ...(['ENOSPC', 'EIO', 'EROFS', 'EACCES', 'EMFILE', 'EISDIR'] as const),
  ...(['ELOOP', 'ESTALE', 'ETXTBSY', 'EPIPE', 'EDQUOT', 'ENAMETOOLONG'] as const),
];

/** Functions of node:fs/promises and node:fs whose first argument is a path. */
const asyncCalls = [
  ...(['open', 'stat', 'readdir', 'rename', 'rm', 'mkdir', 'realpath', 'mkdtemp', 'readFile', 'writeFile'] as const),
  ...(['copyFile', 'statfs', 'link'] as const),
];
const syncCalls = ['openSync', 'statSync', 'readFileSync', 'writeFileSync', 'readdirSync', 'mkdirSync'] as const;
const handleCalls = ['read', 'write', 'sync', 'stat', 'close'] as const;

type Call = (...args: unknown[]) => unknown;

/**
 * The real node:fs, except that one call on a file or folder below `root` fails. This applies to every module of the
 * process, but not to worker threads.
 */
export class FaultyFs {
  calls = 0;
  readonly #root: string;
  readonly #restore: (() => void)[] = [];
  #failAt = Number.POSITIVE_INFINITY;
  #fault = '';
  /** The call that failed, for messages. */
  failed = '';

  constructor(root: string) {
    this.#root = root;
  }

  /** Makes the n-th call from now on fail, once. */
  arm(failAt: number, fault: string): void {
    [this.calls, this.#failAt, this.#fault, this.failed] = [0, failAt, fault, ''];
  }

  async install(): Promise<void> {
    const probe = await fs.promises.open(this.#root, 'r');
    const handles = Object.getPrototypeOf(probe) as Record<string, Call>;
    await probe.close();
    const opened = new WeakSet<object>();
    for (const name of asyncCalls) {
      this.#replace(fs.promises as unknown as Record<string, Call>, name, (real) => async (...args: unknown[]) => {
        const isOurs = this.#isOurs(args[0]);
        if (isOurs) this.#call(name, String(args[0]));
        const result = await real.apply(fs.promises, args);
        if (name === 'open' && isOurs) opened.add(result as FileHandle);
        return result;
      });
    }
    for (const name of syncCalls) {
      this.#replace(fs as unknown as Record<string, Call>, name, (real) => (...args: unknown[]) => {
        if (this.#isOurs(args[0])) this.#call(name, String(args[0]));
        return real.apply(fs, args);
      });
    }
    for (const name of handleCalls) {
      this.#replace(handles, name, (real) => {
        const self = this;
        return async function (this: FileHandle, ...args: unknown[]) {
          if (opened.has(this)) {
            try {
              self.#call(name, 'an open file');
            } catch (error) {
              // close(2): a failed close has closed the file all the same.
              if (name === 'close') await real.apply(this, args);
              throw error;
            }
          }
          return real.apply(this, args);
        };
      });
    }
    syncBuiltinESMExports();
  }

  uninstall(): void {
    for (const restore of this.#restore.reverse()) restore();
    syncBuiltinESMExports();
  }

  #replace(owner: Record<string, Call>, name: string, make: (real: Call) => Call): void {
    const real = owner[name] as Call;
    owner[name] = make(real);
    this.#restore.push(() => {
      owner[name] = real;
    });
  }

  #isOurs(path: unknown): boolean {
    return typeof path === 'string' && path.startsWith(this.#root);
  }

  #call(name: string, path: string): void {
    if (this.calls++ !== this.#failAt) return;
    this.failed = `${name} ${path.slice(this.#root.length)}`;
    throw Object.assign(new Error(`${this.#fault}: drawn fault, ${name} '${path}'`), {
      code: this.#fault,
      syscall: name,
      path,
    });
  }
}

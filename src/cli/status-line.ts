import { fstatSync } from 'node:fs';
import type { Session } from './verb.ts';

export interface StatusLine {
  /** Whether a terminal shows it. */
  readonly shown: boolean;
  show(text: string): void;
  clear(): void;
}

/** One line on a terminal's stderr that is overwritten, ten times a second at most; nothing elsewhere. */
export function statusLine(session: Session): StatusLine {
  const shown = process.stderr.isTTY === true && !session.quiet;
  let visible = false;
  let last = 0;
  return {
    shown,
    show: (text) => {
      const now = Date.now();
      if (!shown || now - last < 100) return;
      last = now;
      visible = true;
      process.stderr.write(`\r\u001b[2K${text}`);
    },
    clear: () => {
      if (visible) process.stderr.write('\r\u001b[2K');
      visible = false;
    },
  };
}

/** Whether results and progress go to one place: the same terminal, file or pipe. */
export function isSameOutput(): boolean {
  try {
    const [results, others] = [fstatSync(1), fstatSync(2)];
    return results.dev === others.dev && results.ino === others.ino;
  } catch {
    return false;
  }
}

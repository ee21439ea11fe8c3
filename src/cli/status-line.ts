import type { Session } from './verb.ts';

export interface StatusLine {
  /** Whether there is a terminal that shows it. */
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

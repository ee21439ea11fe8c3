import { setTimeout as sleep } from 'node:timers/promises';
import { InterruptedError } from '../../system/errors.ts';
import type { Files } from '../../system/files.ts';
import { counted } from '../../system/printable.ts';
import { arrayExpression } from '../plan/array-expression.ts';
import { partFolder, readPartFolder } from '../records/layout.ts';

const secondsBetweenLooks = 10;

/**
 * Waits until every part has a record.
 *
 * @throws InterruptedError once the signal is aborted
 */
export async function waitForParts(
  files: Files,
  set: string,
  count: number,
  options: { readonly command: string; readonly signal?: AbortSignal; readonly onNote?: (line: string) => void },
): Promise<void> {
  const { signal, onNote = () => {} } = options;
  const waiting = new Set(Array.from({ length: count }, (_, index) => index));
  for (let before = -1; ; before = waiting.size) {
    for (const index of waiting) {
      const { states } = await readPartFolder(files, partFolder(set, { index, count }));
      if (states.length > 0) waiting.delete(index);
    }
    if (waiting.size === 0) return;
    if (waiting.size !== before)
      onNote(`${count - waiting.size} of ${counted(count, 'part')} are complete; waiting for the others`);
    await sleep(secondsBetweenLooks * 1000, undefined, { signal }).catch(() => {
      // On an interrupt, e.g. by a time limit, report the missing parts.
      onNote(`not complete: --array=${arrayExpression([...waiting])}`);
      throw new InterruptedError(options.command);
    });
  }
}

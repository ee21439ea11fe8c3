import { type FitSize, type MemoryPart, totalBytes } from '../../models/memory-parts.ts';
import type { Head } from '../../models/model.ts';
import { formatBytes } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import { counted } from '../../system/printable.ts';

export interface FitNeeds {
  readonly head: Head;
  readonly parts: readonly MemoryPart[];
  readonly bytes: number;
}

/** Memory for the rows and for what the head holds in addition. The program's own 15 MB are not counted. */
export function fitNeeds(head: Head, size: FitSize): FitNeeds {
  const { trainRows, testRows, dims, classes } = size;
  const parts = [
    { what: 'features', bytes: 4 * (trainRows + testRows) * dims },
    { what: 'probabilities', bytes: 8 * testRows * classes },
    ...head.needs(size),
  ].sort((a, b) => b.bytes - a.bytes);
  return { head, parts, bytes: totalBytes(parts) };
}

/** `1.2 GB (kernel matrix 0.9 GB, features 0.2 GB)`: the largest parts. */
export function describeNeeds(parts: readonly MemoryPart[]): string {
  const bytes = totalBytes(parts);
  const large = parts.filter((part) => part.bytes >= 0.1 * bytes);
  return `${formatBytes(bytes)} (${large.map((part) => `${part.what} ${formatBytes(part.bytes)}`).join(', ')})`;
}

/**
 * Refuses a fit that would exceed the memory, before anything is read.
 *
 * @param given whether the user set that number
 * @throws UserError naming the parts, alternatives, and how many rows would fit
 */
export function checkNeeds(needs: readonly FitNeeds[], size: FitSize, available: number, given: boolean): void {
  for (const { head, parts, bytes } of needs) {
    if (bytes <= available) continue;
    const rows = rowsThatFit(head, size, available);
    const fixes = [
      ...(head.lighter === undefined ? [] : [head.lighter]),
      ...(head.lighter?.includes('--stream') === true
        ? []
        : ['--model linear --stream, which reads the rows from the disk']),
      ...(rows === 0
        ? []
        : [`--subsample ${rows}, a stratified part of the ${counted(size.trainRows, 'training row')}`]),
      given ? 'more --memory' : `--memory ${formatBytes(bytes).replace(' ', '')} if you know better`,
    ];
    throw new UserError({
      what: `the ${head.model} head does not fit the memory`,
      where: `${counted(size.trainRows, 'training row')} of ${counted(size.dims, 'feature')}, ${counted(size.classes, 'class')}`,
      found: `about ${describeNeeds(parts)}`,
      expected: `at most ${formatBytes(available)}, ${given ? 'as --memory says' : 'which is what is free'}`,
      fix: fixes.join('; or '),
    });
  }
}

/** The largest fraction of the training rows that would fit, to two digits; 0 if not even one row per class does. */
function rowsThatFit(head: Head, size: FitSize, available: number): number {
  let [low, high] = [0, size.trainRows];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fitNeeds(head, { ...size, trainRows: middle }).bytes <= available) low = middle;
    else high = middle;
  }
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, low))) - 1);
  const rounded = Math.floor(low / unit) * unit;
  return rounded >= size.classes ? rounded : 0;
}

import { type TableSource, unreadable } from './table.ts';

export interface TextEncoding {
  readonly label: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';
  /** Name for display; absent for UTF-8. */
  readonly note?: string;
}

const headBytes = 4096;

/**
 * Detects the encoding of a text: by its byte order mark; UTF-8 if valid; UTF-16 if every other byte is zero; else
 * Windows-1252, which accepts any byte.
 */
export async function encodingOf(source: TableSource, head: Uint8Array): Promise<TextEncoding> {
  const [a, b] = head;
  if (a === 0xff && b === 0xfe) return { label: 'utf-16le', note: 'UTF-16' };
  if (a === 0xfe && b === 0xff) return { label: 'utf-16be', note: 'UTF-16' };
  const zeros = [0, 0];
  for (const [i, byte] of head.subarray(0, headBytes).entries()) if (byte === 0) zeros[i % 2]!++;
  const [even = 0, odd = 0] = zeros;
  const some = Math.min(head.length, headBytes) / 8;
  if (odd > some && even < odd / 8) return { label: 'utf-16le', note: 'UTF-16' };
  if (even > some && odd < even / 8) return { label: 'utf-16be', note: 'UTF-16' };
  return (await isUtf8(source)) ? { label: 'utf-8' } : { label: 'windows-1252', note: 'Latin-1 text' };
}

async function isUtf8(source: TableSource): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const block of source.blocks()) decoder.decode(block, { stream: true });
    decoder.decode();
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw unreadable(source, error);
  }
}

/** The text, block by block, without a byte order mark. */
export async function* decoded(source: TableSource, { label }: TextEncoding): AsyncGenerator<string> {
  const decoder = new TextDecoder(label);
  for await (const block of source.blocks()) yield decoder.decode(block, { stream: true });
  yield decoder.decode();
}

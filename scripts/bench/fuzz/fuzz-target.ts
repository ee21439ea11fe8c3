import type { Draw } from './draw.ts';
import { mutateBytes, mutateJson } from './mutate.ts';

/** One reader of foreign bytes. */
export interface FuzzTarget {
  readonly name: string;
  /** The next input. */
  readonly make: (draw: Draw) => Uint8Array;
  /**
   * Reads it. Resolves if it is accepted, after checking the result; throws a UserError if it is rejected. Any other
   * error is a finding.
   */
  readonly read: (bytes: Uint8Array) => Promise<void> | void;
}

/** Mutates whole files, and splices them with each other. */
export function byteTarget(
  name: string,
  seeds: readonly Uint8Array[],
  words: readonly string[],
  read: FuzzTarget['read'],
  wrap: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
): FuzzTarget {
  const make = (draw: Draw): Uint8Array => wrap(mutateBytes(draw.oneOf(seeds), draw.oneOf(seeds), words, draw));
  return { name, make, read };
}

/** Mutates the nodes of a JSON text. */
export function jsonTarget(
  name: string,
  texts: readonly string[],
  words: readonly string[],
  read: FuzzTarget['read'],
  wrap: (text: string) => Uint8Array,
): FuzzTarget {
  return { name, make: (draw) => wrap(mutateJson(draw.oneOf(texts), words, draw)), read };
}

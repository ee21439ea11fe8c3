import { existsSync, readFileSync } from 'node:fs';
import { median } from '../shared/numbers.ts';
import type { EndToEnd, Line, NetworkRate } from './task.ts';

/** Result of one contestant. */
export interface Result {
  readonly label: string;
  readonly version?: string;
  readonly openSeconds?: number;
  readonly network: readonly (NetworkRate & { readonly imagesPerSecond: number })[];
  readonly endToEnd?: EndToEnd & { readonly imagesPerSecond: number };
  /** Decoding files to pixels on all cores, without a network. */
  readonly decoding?: { readonly images: number; readonly seconds: number; readonly imagesPerSecond: number };
  /** Difference from the CPU's features in float32. */
  readonly features?: Difference;
  /** Why it, or a part of it, was not measured. */
  readonly notMeasured?: string;
}

interface Difference {
  readonly rows: number;
  /** Largest |a - b|, and the largest |b|. */
  readonly largest: number;
  readonly largestValue: number;
  /** The largest ‖a - b‖ / ‖b‖ of a row. */
  readonly worstRow: number;
}

/** Collects one contestant's lines, and the reason if it failed. */
export function gather(label: string, lines: readonly Line[], reason: string | undefined): Result {
  let result: Result = { label, network: [] };
  let why = reason;
  for (const line of lines) {
    if ('opened' in line) result = { ...result, version: line.opened.version, openSeconds: line.opened.seconds };
    if ('network' in line) {
      const rate = { ...line.network, imagesPerSecond: median(line.network.each) };
      result = { ...result, network: [...result.network, rate] };
    }
    if ('endToEnd' in line) result = { ...result, endToEnd: withRate(line.endToEnd) };
    if ('decoding' in line) result = { ...result, decoding: withRate(line.decoding) };
    if ('failed' in line) why = line.failed;
  }
  return why === undefined ? result : { ...result, notMeasured: why };
}

function withRate<T extends { readonly images: number; readonly seconds: number }>(
  measured: T,
): T & { readonly imagesPerSecond: number } {
  return { ...measured, imagesPerSecond: measured.images / measured.seconds };
}

/** Compares features in two files, float32 [rows, width]; undefined if one of them is missing. */
export function compareFeatures(path: string, reference: string, rows: number): Difference | undefined {
  if (!existsSync(path) || !existsSync(reference)) return undefined;
  const [ours, exact] = [path, reference].map((file) => new Float32Array(new Uint8Array(readFileSync(file)).buffer));
  if (ours === undefined || exact === undefined || ours.length !== exact.length) return undefined;
  const width = exact.length / rows;
  let [largest, largestValue, worstRow] = [0, 0, 0];
  for (let row = 0; row < exact.length; row += width) {
    let [off, norm] = [0, 0];
    for (let at = row; at < row + width; at++) {
      const value = exact[at] as number;
      const difference = Math.abs((ours[at] as number) - value);
      // Math.max keeps NaN.
      largest = Math.max(largest, difference);
      largestValue = Math.max(largestValue, Math.abs(value));
      off += difference ** 2;
      norm += value ** 2;
    }
    worstRow = Math.max(worstRow, Math.sqrt(off / norm));
  }
  return { rows, largest, largestValue, worstRow };
}

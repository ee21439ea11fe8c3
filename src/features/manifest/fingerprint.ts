import { createHash } from 'node:crypto';
import { isRecord } from '../../system/at.ts';
import type { FingerprintFields } from './manifest.ts';

/** sha256 over the canonical JSON of the fields, lower-case hex: equal for equal numbers, whatever the key order. */
export function fingerprintOf(fields: FingerprintFields): string {
  return hashOfJson(fields);
}

/** sha256 over the canonical JSON of a value, lower-case hex. */
export function hashOfJson(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** JSON without spaces, keys sorted by code unit at every level, absent keys left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}

/** What differs between two fingerprints, field by field: `preprocessing.resize: 256 -> 224`. */
export function differences(before: FingerprintFields, after: FingerprintFields): readonly string[] {
  return compare('', before, after);
}

function compare(name: string, before: unknown, after: unknown): readonly string[] {
  if (canonicalOrNone(before) === canonicalOrNone(after)) return [];
  if (!isRecord(before) || !isRecord(after)) return [`${name}: ${show(before)} -> ${show(after)}`];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => compare(name === '' ? key : `${name}.${key}`, before[key], after[key]));
}

function canonicalOrNone(value: unknown): string {
  return value === undefined ? 'none' : canonicalJson(value);
}

function show(value: unknown): string {
  const text = canonicalOrNone(value).replaceAll('"', '');
  return text.length <= 40 ? text : `${text.slice(0, 36)}...`;
}

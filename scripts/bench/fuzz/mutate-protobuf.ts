import type { Draw } from './draw.ts';
import { difficultNumber, mutateBytes } from './mutate.ts';

/** One field of a message; a delimited one is parsed further if its bytes are fields themselves. */
interface WireField {
  number: bigint;
  wire: number;
  value: bigint | Uint8Array | WireField[];
}

const varint = 0;
const fixed64 = 1;
const delimited = 2;
const fixed32 = 5;

/**
 * Makes one to four changes to a protobuf message's fields, at any depth: value, repetition, number, type or position.
 * Lengths are corrected, so that readers get past them.
 */
export function mutateProtobuf(bytes: Uint8Array, words: readonly string[], draw: Draw): Uint8Array {
  const root = parse(bytes);
  if (root === undefined) throw new Error('a seed is not a protobuf message');
  for (let change = 1 + draw.below(4); change > 0; change--) changeOne(root, words, draw);
  return serialize(root);
}

function changeOne(root: WireField[], words: readonly string[], draw: Draw): void {
  const lists: WireField[][] = [root];
  for (const list of lists) for (const { value } of list) if (Array.isArray(value)) lists.push(value);
  const list = draw.oneOf(lists.filter(({ length }) => length > 0));
  if (list === undefined) return;
  const at = draw.below(list.length);
  const field = list[at] as WireField;
  switch (draw.below(8)) {
    case 0:
      list.splice(at, 1);
      return;
    case 1:
      list.splice(at, 0, structuredClone(field));
      return;
    case 2:
      field.number = draw.oneOf([1n, 2n, 3n, 4n, 5n, 7n, 8n, 9n, 13n, 14n, 15n, 20n, 99n, 2n ** 29n - 1n]);
      return;
    case 3: {
      const other = draw.oneOf(draw.oneOf(lists.filter(({ length }) => length > 0)));
      // A message inside itself would never end.
      if (other !== field && !holds(other, field)) field.value = structuredClone(other.value);
      field.wire = other.wire;
      if (Array.isArray(field.value) || field.value instanceof Uint8Array) field.wire = delimited;
      return;
    }
    case 4:
      // Nested as deeply as possible: a message that contains itself repeatedly.
      for (let depth = draw.oneOf([1, 10, 200]); depth > 0 && Array.isArray(field.value); depth--) {
        field.value = [{ number: field.number, wire: delimited, value: field.value }];
      }
      return;
    case 5:
      field.wire = delimited;
      field.value = Buffer.from(draw.oneOf(words), 'latin1');
      return;
    default:
      if (typeof field.value === 'bigint') field.value = BigInt.asUintN(64, difficultNumber(draw));
      else if (field.value instanceof Uint8Array) field.value = mutateBytes(field.value, field.value, words, draw);
      else list.push(structuredClone(field));
  }
}

function holds(outer: WireField, inner: WireField): boolean {
  return Array.isArray(outer.value) && outer.value.some((field) => field === inner || holds(field, inner));
}

/** Undefined if the bytes are not complete fields. */
function parse(bytes: Uint8Array, depth = 0): WireField[] | undefined {
  const fields: WireField[] = [];
  for (let at = 0; at < bytes.length; ) {
    const key = readVarint(bytes, at);
    if (key === undefined) return undefined;
    at = key.end;
    const [number, wire] = [key.value >> 3n, Number(key.value & 7n)];
    if (number === 0n) return undefined;
    if (wire === varint) {
      const read = readVarint(bytes, at);
      if (read === undefined) return undefined;
      fields.push({ number, wire, value: read.value });
      at = read.end;
      continue;
    }
    const length = wire === delimited ? readVarint(bytes, at) : undefined;
    const start = length?.end ?? at;
    const size = wire === fixed64 ? 8 : wire === fixed32 ? 4 : Number(length?.value ?? -1n);
    if (size < 0 || start + size > bytes.length) return undefined;
    const part = bytes.slice(start, start + size);
    const inner = wire === delimited && size > 0 && depth < 8 ? parse(part, depth + 1) : undefined;
    fields.push({ number, wire, value: inner ?? part });
    at = start + size;
  }
  return fields;
}

function readVarint(bytes: Uint8Array, start: number): { readonly value: bigint; readonly end: number } | undefined {
  let value = 0n;
  for (let i = 0; i < 10 && start + i < bytes.length; i++) {
    const byte = bytes[start + i] as number;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return { value, end: start + i + 1 };
  }
  return undefined;
}

function serialize(fields: readonly WireField[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { number, wire, value } of fields) {
    const bytes = typeof value === 'bigint' ? writeVarint(value) : Array.isArray(value) ? serialize(value) : value;
    parts.push(writeVarint((number << 3n) | BigInt(wire)));
    if (wire === delimited) parts.push(writeVarint(BigInt(bytes.length)));
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

function writeVarint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 0x80n) return Uint8Array.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}

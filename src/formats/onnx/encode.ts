import protobuf from 'protobufjs/minimal.js';
import { UserError } from '../../system/errors.ts';
import { maxModelBytes } from './decode.ts';
import {
  type Field,
  type Int64,
  type MessageName,
  messages,
  type OnnxModel,
  type ScalarKind,
  wireTypes,
} from './schema.ts';

/**
 * Encodes an ONNX model as protobuf. Equal models give equal bytes.
 *
 * @throws UserError for a model above protobuf's 2 GB
 */
export function encodeModel(model: OnnxModel): Uint8Array<ArrayBuffer> {
  // Counted in advance, because the writer grows its buffer as it goes.
  const payload = payloadBytes(model);
  if (payload > maxModelBytes - structureAllowance) {
    throw new UserError({
      what: 'the ONNX model is too large to write',
      found: `tensors of ${payload} bytes`,
      expected: `under ${maxModelBytes} bytes in all, the limit of one protobuf message`,
    });
  }
  const writer = new protobuf.Writer();
  // Allocated at once: a doubling writer would hold the tensors three times.
  writer.buf = new Uint8Array(payload + 2 ** 20);
  encodeMessage(writer, 'Model', model as unknown as Record<string, unknown>);
  return writer.finish(true) as Uint8Array<ArrayBuffer>;
}

/** Allowance for everything except the tensors' bytes. */
const structureAllowance = 2 ** 26;

function payloadBytes(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let total = 0;
  for (const part of Object.values(value)) if (typeof part === 'object') total += payloadBytes(part);
  return total;
}

function encodeMessage(writer: protobuf.Writer, name: MessageName, message: Record<string, unknown>): void {
  for (const [number, field] of messages[name]) {
    const value = message[field.key];
    if (value === undefined) continue;
    if (field.repeated) writeRepeated(writer, number, field, value as readonly unknown[]);
    else writeOne(writer, number, field, value);
  }
  for (const raw of (message['unknown'] as readonly Uint8Array[] | undefined) ?? []) writer.raw(raw);
}

function writeRepeated(writer: protobuf.Writer, number: number, field: Field, values: readonly unknown[]): void {
  if (values.length === 0) return;
  if (field.packed !== true) {
    for (const value of values) writeOne(writer, number, field, value);
    return;
  }
  writer.uint32((number << 3) | 2).fork();
  for (const value of values) writeScalar(writer, field, value);
  writer.ldelim();
}

function writeOne(writer: protobuf.Writer, number: number, field: Field, value: unknown): void {
  if (field.message !== undefined) {
    writer.uint32((number << 3) | 2).fork();
    encodeMessage(writer, field.message, value as Record<string, unknown>);
    writer.ldelim();
    return;
  }
  writer.uint32((number << 3) | wireTypes[field.kind]);
  writeScalar(writer, field, value);
}

function writeScalar(writer: protobuf.Writer, { kind }: Field, value: unknown): void {
  const write = writer[kind as ScalarKind] as (value: unknown) => protobuf.Writer;
  write.call(writer, kind === 'int64' || kind === 'uint64' ? wide(value as Int64) : value);
}

/** protobufjs takes numbers, or objects of two 32-bit halves. */
function wide(value: Int64): number {
  if (typeof value === 'number') return value;
  const [low, high] = [value, value >> 32n].map((half) => Number(BigInt.asIntN(32, half)));
  return { low, high, unsigned: false } as unknown as number;
}

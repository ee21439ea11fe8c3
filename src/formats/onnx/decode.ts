import protobuf from 'protobufjs/minimal.js';
import { messageOf, UserError } from '../../system/errors.ts';
import {
  type Field,
  type Int64,
  type MessageName,
  messages,
  type OnnxModel,
  type OnnxTensor,
  wireTypes,
} from './schema.ts';

/** Protobuf's limit: messages are addressed with 31 bits. */
export const maxModelBytes: number = 2 ** 31 - 1;
/** Deepest nesting of messages; protobuf's C++ reader stops at 100 too. */
const maxDepth = 100;
/** Most messages in one file: ResNet152 has about 5,000; a message of two bytes on the wire costs hundreds in memory. */
const maxMessages = 1_000_000;

type Draft = Record<string, unknown>;
type Wide = { readonly low: number; readonly high: number };

/** Reads a file with external tensors, by its location in the model. */
export type ReadExternal = (location: string) => Uint8Array;

interface Decoding {
  readonly reader: protobuf.Reader;
  readonly source: string;
  readonly readExternal: ReadExternal | undefined;
  messageCount: number;
}

/**
 * Reads an ONNX model. Tensors' raw bytes are views of `bytes`, not copies.
 *
 * @throws UserError if the bytes are not a complete ONNX model, or external tensors are unavailable
 */
export function decodeModel(bytes: Uint8Array, source = 'ONNX model', readExternal?: ReadExternal): OnnxModel {
  if (bytes.length > maxModelBytes) throw tooLarge(source, bytes.length);
  let model: Draft;
  try {
    const decoding = { reader: new protobuf.Reader(bytes), source, readExternal, messageCount: 0 };
    model = decodeMessage(decoding, 'Model', bytes.length, 0);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw malformed(source, messageOf(error));
  }
  const whole = model as unknown as OnnxModel;
  if (whole.irVersion === undefined || whole.irVersion <= 0) throw malformed(source, 'no IR version');
  if (whole.graph === undefined) throw malformed(source, 'no graph');
  if (whole.opsetImport.length === 0) throw malformed(source, 'no operator set');
  return whole;
}

/** The error for files beyond protobuf's limit; callers that know the size check it before reading. */
function tooLarge(source: string, byteCount: number): UserError {
  return new UserError({
    what: 'the ONNX model is too large',
    where: source,
    found: `${byteCount} bytes`,
    expected: `at most ${maxModelBytes} bytes, the limit of one protobuf message`,
  });
}

function malformed(source: string, detail: string): UserError {
  return new UserError({
    what: 'not a complete ONNX model',
    where: source,
    found: detail,
    expected: 'a ModelProto as torch.onnx.export writes it',
    fix: 'export or download the file again',
  });
}

function decodeMessage(decoding: Decoding, name: MessageName, end: number, depth: number): Draft {
  if (depth > maxDepth) throw new RangeError(`messages nested deeper than ${maxDepth}`);
  decoding.messageCount++;
  if (decoding.messageCount > maxMessages) throw new RangeError(`more than ${maxMessages} messages`);
  const { reader } = decoding;
  const fields = messages[name];
  const draft: Draft = {};
  const unknown: Uint8Array[] = [];
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.uint32();
    const wire = tag & 7;
    const number = tag >>> 3;
    if (number === 0) throw new RangeError(`field number 0 in ${name}`);
    const field = fields.get(number);
    if (field === undefined) {
      skip(reader, wire, end);
      unknown.push(reader.buf.subarray(start, reader.pos));
    } else {
      readField(decoding, draft, field, wire, end, depth);
    }
    if (reader.pos > end) throw new RangeError(`${name} runs past its end`);
  }
  for (const field of fields.values()) if (field.repeated) draft[field.key] ??= [];
  if (unknown.length > 0) draft['unknown'] = unknown;
  if (name === 'Tensor') takeExternalData(draft, decoding);
  return draft;
}

function readField(decoding: Decoding, draft: Draft, field: Field, wire: number, end: number, depth: number): void {
  const { reader } = decoding;
  if (field.message !== undefined) {
    if (wire !== wireTypes.message) throw wrongWire(field, wire);
    put(draft, field, decodeMessage(decoding, field.message, readLength(reader, end), depth + 1));
    return;
  }
  if (wire === wireTypes[field.kind]) {
    put(draft, field, readScalar(reader, field, end));
  } else if (wire === wireTypes.bytes && field.repeated) {
    const stop = readLength(reader, end);
    while (reader.pos < stop) put(draft, field, readScalar(reader, field, stop));
    if (reader.pos !== stop) throw new RangeError(`packed ${field.key} runs past its end`);
  } else {
    throw wrongWire(field, wire);
  }
}

function put(draft: Draft, field: Field, value: unknown): void {
  if (!field.repeated) {
    draft[field.key] = value;
    return;
  }
  const list = draft[field.key] as unknown[] | undefined;
  if (list === undefined) draft[field.key] = [value];
  else list.push(value);
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

function readScalar(reader: protobuf.Reader, field: Field, end: number): unknown {
  switch (field.kind) {
    case 'int64':
      return exact(reader.int64() as unknown as Wide, true);
    case 'uint64':
      return exact(reader.uint64() as unknown as Wide, false);
    case 'int32':
    case 'float':
    case 'double':
      return reader[field.kind]();
    case 'string':
      return strictUtf8.decode(readBytes(reader, end));
    default:
      return readBytes(reader, end);
  }
}

function readBytes(reader: protobuf.Reader, end: number): Uint8Array {
  const stop = readLength(reader, end);
  const view = reader.buf.subarray(reader.pos, stop);
  reader.pos = stop;
  return view;
}

/** Reads a length and returns where its bytes end, checked against the enclosing message. */
function readLength(reader: protobuf.Reader, end: number): number {
  const length = reader.uint32();
  if (length > end - reader.pos) {
    throw new RangeError(`length ${length} at byte ${reader.pos}, where ${Math.max(0, end - reader.pos)} are left`);
  }
  return reader.pos + length;
}

/** Group fields (wire types 3 and 4) do not occur in ONNX. */
function skip(reader: protobuf.Reader, wire: number, end: number): void {
  if (wire === wireTypes.int64) reader.uint64();
  else if (wire === wireTypes.double) reader.pos += 8;
  else if (wire === wireTypes.float) reader.pos += 4;
  else if (wire === wireTypes.bytes) reader.pos = readLength(reader, end);
  else throw new RangeError(`wire type ${wire}`);
}

function wrongWire(field: Field, wire: number): RangeError {
  return new RangeError(`wire type ${wire} for ${field.key}`);
}

function exact({ low, high }: Wide, signed: boolean): Int64 {
  const value = (signed ? high | 0 : high >>> 0) * 2 ** 32 + (low >>> 0);
  if (Number.isSafeInteger(value)) return value;
  return (BigInt(signed ? high | 0 : high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** Loads an external tensor into this message. */
function takeExternalData(draft: Draft, { source, readExternal }: Decoding): void {
  const tensor = draft as unknown as OnnxTensor;
  if (tensor.dataLocation !== 1 && tensor.externalData.length === 0) return;
  const entry = (key: string): string | undefined => tensor.externalData.find((one) => one.key === key)?.value;
  const file = entry('location');
  if (readExternal === undefined || file === undefined) {
    throw new UserError({
      what: 'the ONNX model keeps its tensors in another file',
      where: `${source}, tensor ${tensor.name ?? ''}`,
      found: file === undefined ? 'external data' : `external data in ${file}`,
      expected: 'a model in one file, under 2 GB',
      fix: 'in Python: onnx.save(onnx.load("model.onnx"), "one-file.onnx"), or torch.onnx.export(…, external_data=False)',
    });
  }
  const bytes = readExternal(file);
  const offset = Number(entry('offset') ?? 0);
  const length = Number(entry('length') ?? bytes.length - offset);
  const fits = [offset, length].every((value) => Number.isSafeInteger(value) && value >= 0);
  if (!fits || offset + length > bytes.length) {
    throw new UserError({
      what: 'the file that an ONNX model keeps its tensors in is not the one that belongs to it',
      where: `${source}, tensor ${tensor.name ?? ''}`,
      found: `${bytes.length} bytes in ${file}`,
      expected: `${entry('length') ?? 'the tensor'} bytes from ${entry('offset') ?? 0} on`,
      fix: 'copy both files from where they were published',
    });
  }
  Object.assign(draft, { rawData: bytes.subarray(offset, offset + length), externalData: [] });
  delete draft['dataLocation'];
}

import { valueAt } from '../../system/at.ts';
import type { PickleCursor } from './pickle-cursor.ts';
import type { PickleValue } from './pickle-value.ts';

/** What an opcode pushes whose own bytes say its value, by opcode. */
const literals: Readonly<Record<number, (cursor: PickleCursor) => PickleValue>> = {
  78: () => null, // NONE
  136: () => true, // NEWTRUE
  137: () => false, // NEWFALSE
  74: (cursor) => cursor.int32(), // BININT
  75: (cursor) => cursor.byte(), // BININT1
  77: (cursor) => cursor.uint16(), // BININT2
  // INT: protocol 0 writes booleans as 00 and 01.
  73: (cursor) => {
    const text = cursor.line();
    return text === '00' ? false : text === '01' ? true : cursor.decimal(text);
  },
  76: (cursor) => cursor.decimal(cursor.line().replace(/L$/, '')), // LONG
  138: (cursor) => cursor.integer(cursor.byte()), // LONG1
  139: (cursor) => cursor.integer(cursor.uint32()), // LONG4
  70: (cursor) => decimalFloat(cursor.line(), cursor), // FLOAT
  71: (cursor) => cursor.float64(), // BINFLOAT
  88: (cursor) => cursor.utf8(cursor.uint32()), // BINUNICODE
  84: (cursor) => cursor.utf8(cursor.uint32()), // BINSTRING, Python 2's
  140: (cursor) => cursor.utf8(cursor.byte()), // SHORT_BINUNICODE
  85: (cursor) => cursor.utf8(cursor.byte()), // SHORT_BINSTRING
  141: (cursor) => cursor.utf8(cursor.uint64()), // BINUNICODE8
  86: (cursor) => plain(cursor.line(), cursor), // UNICODE
  83: (cursor) => unquoted(plain(cursor.line(), cursor), cursor), // STRING
  66: (cursor) => cursor.slice(cursor.uint32()), // BINBYTES
  67: (cursor) => cursor.slice(cursor.byte()), // SHORT_BINBYTES
  142: (cursor) => cursor.slice(cursor.uint64()), // BINBYTES8
  150: (cursor) => cursor.slice(cursor.uint64()), // BYTEARRAY8
};

/** The value of an opcode that pushes what its own bytes say; undefined for every other opcode. */
export function readLiteral(opcode: number, cursor: PickleCursor): PickleValue | undefined {
  return literals[opcode]?.(cursor);
}

function decimalFloat(text: string, cursor: PickleCursor): number {
  const value = Number(text);
  if (text.trim() === '' || (Number.isNaN(value) && text !== 'nan'))
    throw cursor.broken(`the float ${text}`, 'a number');
  return value;
}

/** Protocol 0 writes strings with Python's escapes; no name or key that torch writes has any. */
function plain(text: string, cursor: PickleCursor): string {
  if (text.includes('\\')) throw cursor.broken('an escape in a protocol 0 string', 'a pickle of protocol 2 or later');
  return text;
}

function unquoted(text: string, cursor: PickleCursor): string {
  const match = /^(['"])(.*)\1$/s.exec(text);
  if (match === null) throw cursor.broken('a string without quotes', 'quotes');
  return valueAt(match, 2);
}

import { valueAt } from '../../system/at.ts';
import type { PickleCursor } from './pickle-cursor.ts';
import type { PickleValue } from './pickle-value.ts';

/** The value of an opcode that pushes what its own bytes say; undefined for every other opcode. */
export function readLiteral(opcode: number, cursor: PickleCursor): PickleValue | undefined {
  switch (opcode) {
    case 0x4e: // NONE
      return null;
    case 0x88: // NEWTRUE
      return true;
    case 0x89: // NEWFALSE
      return false;
    case 0x4a: // BININT
      return cursor.int32();
    case 0x4b: // BININT1
      return cursor.byte();
    case 0x4d: // BININT2
      return cursor.uint16();
    case 0x49: {
      // INT: protocol 0 writes booleans as 00 and 01.
      const text = cursor.line();
      return text === '00' ? false : text === '01' ? true : cursor.decimal(text);
    }
    case 0x4c: // LONG
      return cursor.decimal(cursor.line().replace(/L$/, ''));
    case 0x8a: // LONG1
      return cursor.integer(cursor.byte());
    case 0x8b: // LONG4
      return cursor.integer(cursor.uint32());
    case 0x46: // FLOAT
      return decimalFloat(cursor.line(), cursor);
    case 0x47: // BINFLOAT
      return cursor.float64();
    case 0x58: // BINUNICODE
    case 0x54: // BINSTRING, Python 2's
      return cursor.utf8(cursor.uint32());
    case 0x8c: // SHORT_BINUNICODE
    case 0x55: // SHORT_BINSTRING
      return cursor.utf8(cursor.byte());
    case 0x8d: // BINUNICODE8
      return cursor.utf8(cursor.uint64());
    case 0x56: // UNICODE
      return plain(cursor.line(), cursor);
    case 0x53: // STRING
      return unquoted(plain(cursor.line(), cursor), cursor);
    case 0x42: // BINBYTES
      return cursor.slice(cursor.uint32());
    case 0x43: // SHORT_BINBYTES
      return cursor.slice(cursor.byte());
    case 0x8e: // BINBYTES8
    case 0x96: // BYTEARRAY8
      return cursor.slice(cursor.uint64());
    default:
      return undefined;
  }
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

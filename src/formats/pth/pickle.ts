import { UserError } from '../../errors.ts';

/**
 * Python's pickle as plain data, protocols 0 to 5 (https://docs.python.org/3/library/pickletools.html has the opcodes).
 * A pickle is a program that may call anything by name. Here it can call only what `Globals` hands out: every other name
 * is refused, and so are the opcodes that make objects.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | PickleTuple
  | PickleDict
  | PickleSet
  | PickleGlobal
  | object;

export class PickleTuple {
  readonly items: readonly PickleValue[];
  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }
}

export class PickleDict extends Map<PickleValue, PickleValue> {}
export class PickleSet extends Set<PickleValue> {}

/** Something that a pickle may name. `call` is what REDUCE runs; without it, it can only be passed on. */
export interface PickleGlobal {
  readonly module: string;
  readonly name: string;
  readonly call?: (args: readonly PickleValue[]) => PickleValue;
}

export interface PickleEnvironment {
  /** File name, for messages. */
  readonly where: string;
  /** The global of that name, or undefined for what a pickle may not name. */
  readonly findGlobal: (module: string, name: string) => PickleGlobal | undefined;
  /** What a persistent id stands for; throws for one it does not know. */
  readonly persistentLoad: (id: PickleValue) => PickleValue;
}

/** Python integers are unbounded; one longer than this is no number that a weights file needs. */
const maxIntegerBytes = 128;

/**
 * Runs one pickle from `start`.
 *
 * @returns its value, and where the next byte after its STOP is
 * @throws UserError for a global that is not allowed (named), an opcode that is not, or bytes that are no whole pickle
 */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  environment: PickleEnvironment,
): { value: PickleValue; end: number } {
  const machine = new PickleMachine(bytes, start, environment);
  const value = machine.run();
  return { value, end: machine.at };
}

const Mark = Symbol('mark');
type Slot = PickleValue | typeof Mark;

class PickleMachine {
  at: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly environment: PickleEnvironment;
  private readonly stack: Slot[] = [];
  private readonly memo = new Map<number, PickleValue>();

  constructor(bytes: Uint8Array, start: number, environment: PickleEnvironment) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.environment = environment;
  }

  run(): PickleValue {
    for (;;) {
      const opcode = this.byte();
      if (opcode === 0x2e) return this.pop();
      this.step(opcode);
    }
  }

  private step(opcode: number): void {
    const { stack } = this;
    switch (opcode) {
      case 0x80: {
        const protocol = this.byte();
        if (protocol > 5) throw this.broken(`pickle protocol ${protocol}`, 'at most 5');
        return;
      }
      case 0x95: // FRAME: its length is a hint for readers of streams.
        this.take(8);
        return;
      case 0x28: // MARK
        stack.push(Mark);
        return;
      case 0x30: // POP
        if (stack.pop() === undefined) throw this.broken('a pop from an empty stack', 'a value');
        return;
      case 0x31: // POP_MARK
        this.popMark();
        return;
      case 0x32: // DUP
        stack.push(this.peek());
        return;

      case 0x4e:
        stack.push(null);
        return;
      case 0x88:
        stack.push(true);
        return;
      case 0x89:
        stack.push(false);
        return;
      case 0x4a:
        stack.push(this.view.getInt32(this.take(4), true));
        return;
      case 0x4b:
        stack.push(this.byte());
        return;
      case 0x4d:
        stack.push(this.view.getUint16(this.take(2), true));
        return;
      case 0x49: {
        // INT: protocol 0 writes booleans as 00 and 01.
        const text = this.line();
        stack.push(text === '00' ? false : text === '01' ? true : this.decimal(text));
        return;
      }
      case 0x4c:
        stack.push(this.decimal(this.line().replace(/L$/, '')));
        return;
      case 0x8a:
        stack.push(this.integer(this.byte()));
        return;
      case 0x8b:
        stack.push(this.integer(this.length32()));
        return;
      case 0x46: {
        const text = this.line();
        const value = Number(text);
        if (text.trim() === '' || (Number.isNaN(value) && text !== 'nan'))
          throw this.broken(`the float ${text}`, 'a number');
        stack.push(value);
        return;
      }
      case 0x47:
        stack.push(this.view.getFloat64(this.take(8), false));
        return;

      case 0x58:
        stack.push(this.utf8(this.length32()));
        return;
      case 0x8c:
        stack.push(this.utf8(this.byte()));
        return;
      case 0x8d:
        stack.push(this.utf8(this.length64()));
        return;
      case 0x56: // UNICODE: raw-unicode-escape, which is plain for what torch writes.
      case 0x53: {
        // STRING: a Python literal.
        const text = this.line();
        if (text.includes('\\'))
          throw this.broken('an escape in a protocol 0 string', 'a pickle of protocol 2 or later');
        stack.push(opcode === 0x53 ? this.unquote(text) : text);
        return;
      }
      case 0x54:
        stack.push(this.utf8(this.length32()));
        return;
      case 0x55:
        stack.push(this.utf8(this.byte()));
        return;
      case 0x42:
        stack.push(this.slice(this.length32()));
        return;
      case 0x43:
        stack.push(this.slice(this.byte()));
        return;
      case 0x8e:
      case 0x96:
        stack.push(this.slice(this.length64()));
        return;

      case 0x5d:
        stack.push([]);
        return;
      case 0x6c:
        stack.push(this.popMark());
        return;
      case 0x61: {
        const item = this.pop();
        this.list().push(item);
        return;
      }
      case 0x65: {
        const items = this.popMark();
        const list = this.list();
        for (const item of items) list.push(item);
        return;
      }
      case 0x29:
        stack.push(new PickleTuple([]));
        return;
      case 0x85:
      case 0x86:
      case 0x87: {
        const items = Array.from({ length: opcode - 0x84 }, () => this.pop()).reverse();
        stack.push(new PickleTuple(items));
        return;
      }
      case 0x74:
        stack.push(new PickleTuple(this.popMark()));
        return;
      case 0x7d:
        stack.push(new PickleDict());
        return;
      case 0x64: {
        const items = this.popMark();
        const dict = new PickleDict();
        this.setItems(dict, items);
        stack.push(dict);
        return;
      }
      case 0x73: {
        const value = this.pop();
        const key = this.pop();
        this.setItems(this.dict(), [key, value]);
        return;
      }
      case 0x75: {
        const items = this.popMark();
        this.setItems(this.dict(), items);
        return;
      }
      case 0x8f:
        stack.push(new PickleSet());
        return;
      case 0x90: {
        const items = this.popMark();
        const set = this.peek();
        if (!(set instanceof PickleSet)) throw this.broken('items added to what is no set', 'a set');
        for (const item of items) set.add(item);
        return;
      }
      case 0x91:
        stack.push(new PickleSet(this.popMark()));
        return;

      case 0x67:
        stack.push(this.recall(Number(this.line())));
        return;
      case 0x68:
        stack.push(this.recall(this.byte()));
        return;
      case 0x6a:
        stack.push(this.recall(this.length32()));
        return;
      case 0x70:
        this.memo.set(Number(this.line()), this.peek());
        return;
      case 0x71:
        this.memo.set(this.byte(), this.peek());
        return;
      case 0x72:
        this.memo.set(this.length32(), this.peek());
        return;
      case 0x94:
        this.memo.set(this.memo.size, this.peek());
        return;

      case 0x63:
        stack.push(this.global(this.line(), this.line()));
        return;
      case 0x93: {
        const name = this.pop();
        const module = this.pop();
        if (typeof name !== 'string' || typeof module !== 'string')
          throw this.broken('a global without a name', 'a name');
        stack.push(this.global(module, name));
        return;
      }
      case 0x52:
        this.reduce();
        return;
      case 0x62:
        this.build();
        return;
      case 0x51:
        stack.push(this.environment.persistentLoad(this.pop()));
        return;
      case 0x69:
        // INST names a class and makes one: the name is what the reader wants to know.
        this.global(this.line(), this.line());
        throw this.refusedOpcode(opcode);
      default:
        throw this.refusedOpcode(opcode);
    }
  }

  private reduce(): void {
    const args = this.pop();
    const callable = this.pop() as Partial<PickleGlobal> | null;
    if (!(args instanceof PickleTuple)) throw this.broken('a call without a tuple of arguments', 'a tuple');
    if (typeof callable !== 'object' || typeof callable?.name !== 'string' || typeof callable.module !== 'string')
      throw this.broken('a call of what is no function', 'a function');
    if (callable.call === undefined) throw this.refused(`a call of ${callable.module}.${callable.name}`);
    this.stack.push(callable.call(args.items));
  }

  /** An OrderedDict carries attributes beside its items (`_metadata` of a state dict): nothing here reads them. */
  private build(): void {
    this.pop();
    if (!(this.peek() instanceof PickleDict)) throw this.refused('an object with a state of its own');
  }

  private global(module: string, name: string): PickleGlobal {
    const found = this.environment.findGlobal(module, name);
    if (found === undefined) throw this.refused(`${module}.${name}`);
    return found;
  }

  private pop(): PickleValue {
    const value = this.stack.pop();
    if (value === undefined || value === Mark) throw this.broken('an operation without its operand', 'a value');
    return value as PickleValue;
  }

  private peek(): PickleValue {
    const value = this.pop();
    this.stack.push(value);
    return value;
  }

  private popMark(): PickleValue[] {
    const mark = this.stack.lastIndexOf(Mark);
    if (mark < 0) throw this.broken('the end of a list without its start', 'a mark');
    const items = this.stack.splice(mark + 1) as PickleValue[];
    this.stack.pop();
    return items;
  }

  private list(): PickleValue[] {
    const value = this.peek();
    if (!Array.isArray(value)) throw this.broken('an item appended to what is no list', 'a list');
    return value;
  }

  private dict(): PickleDict {
    const value = this.peek();
    if (!(value instanceof PickleDict)) throw this.broken('an item set in what is no dict', 'a dict');
    return value;
  }

  private setItems(dict: PickleDict, items: readonly PickleValue[]): void {
    if (items.length % 2 !== 0) throw this.broken('a dict key without a value', 'pairs');
    for (let i = 0; i < items.length; i += 2) dict.set(items[i] as PickleValue, items[i + 1] as PickleValue);
  }

  private recall(index: number): PickleValue {
    const value = this.memo.get(index);
    if (value === undefined) throw this.broken(`memo ${index}, which was never set`, 'one that was');
    return value;
  }

  /** Checks that `length` bytes follow, steps over them and returns where they start. */
  private take(length: number): number {
    const start = this.at;
    if (length > this.bytes.length - start)
      throw this.broken(`the end of the file ${this.bytes.length - start} bytes on`, `${length} bytes`);
    this.at += length;
    return start;
  }

  private byte(): number {
    return this.bytes[this.take(1)] as number;
  }

  private length32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  private length64(): number {
    return Number(this.view.getBigUint64(this.take(8), true));
  }

  private slice(length: number): Uint8Array {
    const start = this.take(length);
    return this.bytes.subarray(start, start + length);
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.broken('a line without an end', 'a line feed');
    const text = this.utf8(end - this.at);
    this.at++;
    return text;
  }

  private utf8(length: number): string {
    const bytes = this.slice(length);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (error) {
      throw this.broken('a string that is not UTF-8', 'UTF-8', error);
    }
  }

  private unquote(text: string): string {
    const match = /^(['"])(.*)\1$/s.exec(text);
    if (match === null) throw this.broken('a string without quotes', 'quotes');
    return match[2] as string;
  }

  /** Little-endian two's complement of any length, as LONG1 and LONG4 hold it. */
  private integer(length: number): number | bigint {
    if (length > maxIntegerBytes) throw this.broken(`an integer of ${length} bytes`, `at most ${maxIntegerBytes}`);
    const hex = Buffer.from(this.slice(length)).reverse().toString('hex');
    return narrow(BigInt.asIntN(length * 8, BigInt(hex === '' ? 0 : `0x${hex}`)));
  }

  private decimal(text: string): number | bigint {
    if (!/^-?\d{1,300}$/.test(text)) throw this.broken(`the integer ${text.slice(0, 40)}`, 'digits');
    return narrow(BigInt(text));
  }

  private refusedOpcode(opcode: number): UserError {
    const name = objectOpcodes[opcode];
    if (name !== undefined) return this.refused(`an object of its own kind (pickle opcode ${name})`);
    return this.broken(
      `the opcode 0x${opcode.toString(16).padStart(2, '0')} at byte ${this.at - 1}`,
      'a pickle opcode',
    );
  }

  private refused(found: string): UserError {
    return new UserError({
      what: 'This pickle asks for something other than tensors and containers, and was not run',
      where: this.environment.where,
      found,
      expected: 'a state dict: tensors, numbers, strings, dicts, lists and tuples',
      fix: 'if you trust the file, save its state dict alone with Python: torch.save(model.state_dict(), "weights.pth")',
    });
  }

  private broken(found: string, expected: string, cause?: unknown): UserError {
    return new UserError({ what: 'This is not a whole pickle', where: this.environment.where, found, expected, cause });
  }
}

/** Opcodes that make or fetch objects of any class; none is needed for a state dict. */
const objectOpcodes: Readonly<Record<number, string>> = {
  105: 'INST',
  111: 'OBJ',
  129: 'NEWOBJ',
  146: 'NEWOBJ_EX',
  80: 'PERSID',
  130: 'EXT1',
  131: 'EXT2',
  132: 'EXT4',
  151: 'NEXT_BUFFER',
  152: 'READONLY_BUFFER',
};

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

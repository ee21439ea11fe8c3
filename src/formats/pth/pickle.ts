import { UserError } from '../../system/errors.ts';
import { PickleCursor } from './pickle-cursor.ts';
import { deepestPickle, longestPickleStack, PickleDepth } from './pickle-depth.ts';
import { readLiteral } from './pickle-literals.ts';
import {
  PickleDict,
  type PickleGlobal,
  PickleRecord,
  PickleSet,
  PickleTuple,
  type PickleValue,
} from './pickle-value.ts';

export interface PickleEnvironment {
  /** File name, for messages. */
  readonly where: string;
  /** The global of that name, or undefined for what a pickle may not name. */
  readonly findGlobal: (module: string, name: string) => PickleGlobal | undefined;
  /** What a persistent id stands for; throws for one it does not know. */
  readonly persistentLoad: (id: PickleValue) => PickleValue;
  /** Told the name of each class or function that the pickle wanted made or called, and that was not. */
  readonly onRecord?: (name: string) => void;
}

/**
 * Runs one pickle from `start`, protocols 0 to 5 (https://docs.python.org/3/library/pickletools.html has the opcodes).
 * A pickle is a program that may call anything by name. Here it can call only what the environment hands out. Where the
 * environment gives a name without anything to call, what the pickle would make of it becomes an inert record.
 *
 * @returns its value, and where the next byte after its STOP is
 * @throws UserError for a global that is not allowed (named), an opcode that is not, or bytes that are no whole pickle
 */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  environment: PickleEnvironment,
): { value: PickleValue; end: number } {
  const cursor = new PickleCursor(bytes, start, environment.where);
  const value = new PickleMachine(cursor, environment).run();
  return { value, end: cursor.at };
}

const stop = 0x2e;
const mark = Symbol('mark');
type Slot = PickleValue | typeof mark;

class PickleMachine {
  readonly #cursor: PickleCursor;
  readonly #environment: PickleEnvironment;
  readonly #stack: Slot[] = [];
  readonly #memo = new Map<number, PickleValue>();
  readonly #depth = new PickleDepth();
  #openMarks = 0;

  constructor(cursor: PickleCursor, environment: PickleEnvironment) {
    this.#cursor = cursor;
    this.#environment = environment;
  }

  run(): PickleValue {
    for (;;) {
      const opcode = this.#cursor.byte();
      if (opcode === stop) return this.#pop();
      const literal = readLiteral(opcode, this.#cursor);
      if (literal === undefined) this.#step(opcode);
      else this.#stack.push(literal);
      if (this.#stack.length > longestPickleStack)
        throw this.#tooMuch(`${this.#stack.length} values that wait`, longestPickleStack);
    }
  }

  #step(opcode: number): void {
    const stack = this.#stack;
    const cursor = this.#cursor;
    switch (opcode) {
      case 0x80: {
        const protocol = cursor.byte();
        if (protocol > 5) throw cursor.broken(`pickle protocol ${protocol}`, 'at most 5');
        return;
      }
      case 0x95: // FRAME: its length is a hint for readers of streams.
        cursor.uint64();
        return;
      case 0x28:
        stack.push(mark);
        if (++this.#openMarks > deepestPickle) throw this.#tooMuch(`${this.#openMarks} open lists`, deepestPickle);
        return;
      case 0x30: // POP
        if (stack.length === 0) throw cursor.broken('a pop from an empty stack', 'a value');
        if (stack.pop() === mark) this.#openMarks--;
        return;
      case 0x31: // POP_MARK
        this.#popMark();
        return;
      case 0x32: // DUP
        stack.push(this.#peek());
        return;

      case 0x5d: // EMPTY_LIST
        stack.push([]);
        return;
      case 0x6c: // LIST
        this.#pushList(this.#popMark());
        return;
      case 0x61: // APPEND
        this.#append([this.#pop()]);
        return;
      case 0x65: // APPENDS
        this.#append(this.#popMark());
        return;
      case 0x29: // EMPTY_TUPLE
        stack.push(new PickleTuple([]));
        return;
      case 0x85: // TUPLE1, TUPLE2, TUPLE3
      case 0x86:
      case 0x87:
        this.#pushTuple(Array.from({ length: opcode - 0x84 }, () => this.#pop()).reverse());
        return;
      case 0x74: // TUPLE
        this.#pushTuple(this.#popMark());
        return;
      case 0x7d: // EMPTY_DICT
        stack.push(new PickleDict());
        return;
      case 0x64: {
        // DICT
        const items = this.#popMark();
        stack.push(new PickleDict());
        this.#setItems(items);
        return;
      }
      case 0x73: {
        // SETITEM
        const value = this.#pop();
        this.#setItems([this.#pop(), value]);
        return;
      }
      case 0x75: // SETITEMS
        this.#setItems(this.#popMark());
        return;
      case 0x8f: // EMPTY_SET
        stack.push(new PickleSet());
        return;
      case 0x90: // ADDITEMS
        this.#addItems(this.#popMark());
        return;
      case 0x91: {
        // FROZENSET
        const frozen = this.#popMark();
        stack.push(new PickleSet());
        this.#addItems(frozen);
        return;
      }

      case 0x67: // GET
        stack.push(this.#recall(Number(cursor.line())));
        return;
      case 0x68: // BINGET
        stack.push(this.#recall(cursor.byte()));
        return;
      case 0x6a: // LONG_BINGET
        stack.push(this.#recall(cursor.uint32()));
        return;
      case 0x70: // PUT
        this.#memo.set(Number(cursor.line()), this.#peek());
        return;
      case 0x71: // BINPUT
        this.#memo.set(cursor.byte(), this.#peek());
        return;
      case 0x72: // LONG_BINPUT
        this.#memo.set(cursor.uint32(), this.#peek());
        return;
      case 0x94: // MEMOIZE
        this.#memo.set(this.#memo.size, this.#peek());
        return;

      case 0x63: // GLOBAL
        stack.push(this.#global(cursor.line(), cursor.line()));
        return;
      case 0x93: {
        // STACK_GLOBAL
        const name = this.#pop();
        const module = this.#pop();
        if (typeof name !== 'string' || typeof module !== 'string')
          throw cursor.broken('a global without a name', 'a name');
        stack.push(this.#global(module, name));
        return;
      }
      case 0x52:
        this.#reduce();
        return;
      case 0x69: {
        // INST: a class by name, made of what lies above the mark.
        const made = this.#global(cursor.line(), cursor.line());
        stack.push(this.#make(made, this.#popMark()));
        return;
      }
      case 0x6f: {
        // OBJ: the class lies at the bottom of its arguments.
        const [made, ...args] = this.#popMark();
        stack.push(this.#make(made, args));
        return;
      }
      case 0x81: {
        // NEWOBJ
        const args = this.#pop();
        stack.push(this.#make(this.#pop(), tupleItems(args)));
        return;
      }
      case 0x92: {
        // NEWOBJ_EX: named arguments, too, of which no class that is known takes any.
        this.#pop();
        const args = this.#pop();
        stack.push(this.#make(this.#pop(), tupleItems(args)));
        return;
      }
      case 0x62: // BUILD: attributes, as an OrderedDict's (`_metadata` of a state dict). Nothing here reads them.
        this.#build(this.#pop());
        if (!(this.#peek() instanceof PickleDict)) throw this.#refused('an object with a state of its own');
        return;
      case 0x51: // BINPERSID
        stack.push(this.#environment.persistentLoad(this.#pop()));
        return;
      default:
        throw this.#refusedOpcode(opcode);
    }
  }

  #reduce(): void {
    const args = this.#pop();
    this.#stack.push(this.#make(this.#pop(), tupleItems(args)));
  }

  /** What a call gives: a value of the environment, or a record of what was not made. */
  #make(callable: PickleValue | undefined, args: readonly PickleValue[] | undefined): PickleValue {
    if (args === undefined) throw this.#cursor.broken('a call without a tuple of arguments', 'a tuple');
    const { module, name, call, unknown } = (callable ?? {}) as Partial<PickleGlobal>;
    if (typeof name !== 'string' || typeof module !== 'string')
      throw this.#cursor.broken('a call of what is no function', 'a function');
    if (call !== undefined) return call(args);
    if (unknown !== true && !(callable instanceof PickleRecord)) throw this.#refused(`a call of ${module}.${name}`);
    this.#environment.onRecord?.(`${module}.${name}`);
    return new PickleRecord(module, name);
  }

  #build(state: PickleValue): void {
    const made = this.#peek();
    if (!(made instanceof PickleRecord)) return;
    this.#nest(made, [state]);
    made.state = state;
  }

  #global(module: string, name: string): PickleGlobal {
    const found = this.#environment.findGlobal(module, name);
    if (found === undefined) throw this.#refused(`${module}.${name}`);
    return found;
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === mark) throw this.#cursor.broken('an operation without its operand', 'a value');
    return value as PickleValue;
  }

  #peek(): PickleValue {
    const value = this.#pop();
    this.#stack.push(value);
    return value;
  }

  #popMark(): PickleValue[] {
    const start = this.#stack.lastIndexOf(mark);
    if (start < 0) throw this.#cursor.broken('the end of a list without its start', 'a mark');
    const items = this.#stack.splice(start + 1) as PickleValue[];
    this.#stack.pop();
    this.#openMarks--;
    return items;
  }

  #pushTuple(items: readonly PickleValue[]): void {
    const tuple = new PickleTuple(items);
    this.#nest(tuple, items);
    this.#stack.push(tuple);
  }

  #pushList(items: PickleValue[]): void {
    this.#nest(items, items);
    this.#stack.push(items);
  }

  #nest(container: object, items: readonly PickleValue[]): void {
    const depth = this.#depth.add(container, items);
    if (depth > deepestPickle) throw this.#tooMuch(`values ${depth} deep in each other`, deepestPickle);
  }

  #tooMuch(found: string, limit: number): UserError {
    return this.#cursor.broken(found, `at most ${limit}`);
  }

  #append(items: readonly PickleValue[]): void {
    const list = this.#peek();
    if (list instanceof PickleRecord) return;
    if (!Array.isArray(list)) throw this.#cursor.broken('an item appended to what is no list', 'a list');
    this.#nest(list, items);
    for (const item of items) list.push(item);
  }

  #addItems(items: readonly PickleValue[]): void {
    const set = this.#peek();
    if (set instanceof PickleRecord) return;
    if (!(set instanceof PickleSet)) throw this.#cursor.broken('items added to what is no set', 'a set');
    this.#nest(set, items);
    for (const item of items) set.add(item);
  }

  #setItems(items: readonly PickleValue[]): void {
    const dict = this.#peek();
    if (!(dict instanceof PickleDict)) throw this.#cursor.broken('an item set in what is no dict', 'a dict');
    if (items.length % 2 !== 0) throw this.#cursor.broken('a dict key without a value', 'pairs');
    this.#nest(dict, items);
    for (let i = 0; i < items.length; i += 2) dict.set(items[i] as PickleValue, items[i + 1] as PickleValue);
  }

  #recall(index: number): PickleValue {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#cursor.broken(`memo ${index}, which was never set`, 'one that was');
    return value;
  }

  #refusedOpcode(opcode: number): UserError {
    const name = objectOpcodes[opcode];
    if (name !== undefined) return this.#refused(`an object of its own kind (pickle opcode ${name})`);
    const code = `0x${opcode.toString(16).padStart(2, '0')}`;
    return this.#cursor.broken(`the opcode ${code} at byte ${this.#cursor.at - 1}`, 'a pickle opcode');
  }

  #refused(found: string): UserError {
    return new UserError({
      what: 'This pickle asks for something other than tensors and containers, and was not run',
      where: this.#environment.where,
      found,
      expected: 'a state dict: tensors, numbers, strings, dicts, lists and tuples',
      fix: 'if you trust the file, save its state dict alone with Python: torch.save(model.state_dict(), "weights.pth")',
    });
  }
}

function tupleItems(args: PickleValue): readonly PickleValue[] | undefined {
  return args instanceof PickleTuple ? args.items : undefined;
}

/** Opcodes that fetch objects from elsewhere; none is needed for a state dict. */
const objectOpcodes: Readonly<Record<number, string>> = {
  80: 'PERSID',
  130: 'EXT1',
  131: 'EXT2',
  132: 'EXT4',
  151: 'NEXT_BUFFER',
  152: 'READONLY_BUFFER',
};

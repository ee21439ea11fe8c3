import { UserError } from '../../system/errors.ts';
import { PickleCursor } from './pickle-cursor.ts';
import { readLiteral } from './pickle-literals.ts';
import { PickleStack } from './pickle-stack.ts';
import {
  PickleDict,
  type PickleGlobal,
  PickleRecord,
  PickleSet,
  PickleTuple,
  type PickleValue,
} from './pickle-value.ts';

export interface PickleEnvironment {
  readonly where: string;
  /** The global of that name, or undefined if it is not allowed. */
  readonly findGlobal: (module: string, name: string) => PickleGlobal | undefined;
  /** The object of a persistent id; throws for an unknown one. */
  readonly persistentLoad: (id: PickleValue) => PickleValue;
  /** Called with the name of each class or function that was not executed. */
  readonly onRecord?: ((name: string) => void) | undefined;
}

/**
 * Runs one pickle from `start`, protocols 0 to 5 (https://docs.python.org/3/library/pickletools.html has the opcodes).
 * A pickle is a program that may call anything by name. Here it can only call what the environment provides; for names
 * without a callable, the result is an inert record.
 *
 * @returns its value, and the offset after its STOP
 * @throws UserError for a forbidden global or opcode, or an incomplete pickle
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

class PickleMachine {
  readonly #cursor: PickleCursor;
  readonly #environment: PickleEnvironment;
  readonly #stack: PickleStack;
  readonly #memo = new Map<number, PickleValue>();

  constructor(cursor: PickleCursor, environment: PickleEnvironment) {
    this.#cursor = cursor;
    this.#stack = new PickleStack(cursor);
    this.#environment = environment;
  }

  run(): PickleValue {
    for (;;) {
      const opcode = this.#cursor.byte();
      if (opcode === stop) return this.#stack.pop();
      const literal = readLiteral(opcode, this.#cursor);
      if (literal !== undefined) this.#stack.push(literal);
      else if (this.#steps[opcode] === undefined) throw this.#refusedOpcode(opcode);
      else this.#steps[opcode]();
    }
  }

  /** What each opcode does that pushes no literal. */
  readonly #steps: Readonly<Record<number, () => void>> = {
    // PROTO
    128: () => {
      const protocol = this.#cursor.byte();
      if (protocol > 5) throw this.#cursor.broken(`pickle protocol ${protocol}`, 'at most 5');
    },
    // FRAME: its length is a hint for readers of streams.
    149: () => this.#cursor.uint64(),
    40: () => this.#stack.pushMark(), // MARK
    48: () => this.#stack.drop(), // POP
    49: () => this.#stack.popMark(), // POP_MARK
    50: () => this.#stack.push(this.#stack.peek()), // DUP

    93: () => this.#stack.push([]), // EMPTY_LIST
    108: () => this.#stack.pushList(this.#stack.popMark()), // LIST
    97: () => this.#stack.append([this.#stack.pop()]), // APPEND
    101: () => this.#stack.append(this.#stack.popMark()), // APPENDS
    41: () => this.#stack.push(new PickleTuple([])), // EMPTY_TUPLE
    133: () => this.#stack.pushTuple(this.#popSeveral(1)), // TUPLE1
    134: () => this.#stack.pushTuple(this.#popSeveral(2)), // TUPLE2
    135: () => this.#stack.pushTuple(this.#popSeveral(3)), // TUPLE3
    116: () => this.#stack.pushTuple(this.#stack.popMark()), // TUPLE
    125: () => this.#stack.push(new PickleDict()), // EMPTY_DICT
    // DICT
    100: () => {
      const items = this.#stack.popMark();
      this.#stack.push(new PickleDict());
      this.#stack.setItems(items);
    },
    115: () => this.#stack.setItems(this.#popSeveral(2)), // SETITEM
    117: () => this.#stack.setItems(this.#stack.popMark()), // SETITEMS
    143: () => this.#stack.push(new PickleSet()), // EMPTY_SET
    144: () => this.#stack.addItems(this.#stack.popMark()), // ADDITEMS
    // FROZENSET
    145: () => {
      const items = this.#stack.popMark();
      this.#stack.push(new PickleSet());
      this.#stack.addItems(items);
    },

    103: () => this.#recall(Number(this.#cursor.line())), // GET
    104: () => this.#recall(this.#cursor.byte()), // BINGET
    106: () => this.#recall(this.#cursor.uint32()), // LONG_BINGET
    112: () => this.#memo.set(Number(this.#cursor.line()), this.#stack.peek()), // PUT
    113: () => this.#memo.set(this.#cursor.byte(), this.#stack.peek()), // BINPUT
    114: () => this.#memo.set(this.#cursor.uint32(), this.#stack.peek()), // LONG_BINPUT
    148: () => this.#memo.set(this.#memo.size, this.#stack.peek()), // MEMOIZE

    99: () => this.#stack.push(this.#global(this.#cursor.line(), this.#cursor.line())), // GLOBAL
    // STACK_GLOBAL
    147: () => {
      const [module, name] = this.#popSeveral(2);
      if (typeof name !== 'string' || typeof module !== 'string')
        throw this.#cursor.broken('a global without a name', 'a name');
      this.#stack.push(this.#global(module, name));
    },
    82: () => this.#reduce(), // REDUCE
    // INST: a class by name, called with what lies above the mark.
    105: () => {
      const callable = this.#global(this.#cursor.line(), this.#cursor.line());
      this.#stack.push(this.#make(callable, this.#stack.popMark()));
    },
    // OBJ: the class lies below its arguments.
    111: () => {
      const [callable, ...args] = this.#stack.popMark();
      this.#stack.push(this.#make(callable, args));
    },
    129: () => this.#reduce(), // NEWOBJ
    // NEWOBJ_EX: keyword arguments too, which no known class takes.
    146: () => {
      this.#stack.pop();
      this.#reduce();
    },
    // BUILD: attributes, as an OrderedDict's (`_metadata` of a state dict). Nothing here reads them.
    98: () => {
      this.#stack.setState(this.#stack.pop());
      if (!(this.#stack.peek() instanceof PickleDict)) throw this.#refused('an object with a state of its own');
    },
    81: () => this.#stack.push(this.#environment.persistentLoad(this.#stack.pop())), // BINPERSID
  };

  #popSeveral(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.#stack.pop()).reverse();
  }

  #reduce(): void {
    const args = this.#stack.pop();
    this.#stack.push(this.#make(this.#stack.pop(), args instanceof PickleTuple ? args.items : undefined));
  }

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

  #global(module: string, name: string): PickleGlobal {
    const found = this.#environment.findGlobal(module, name);
    if (found === undefined) throw this.#refused(`${module}.${name}`);
    return found;
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#cursor.broken(`memo ${index}, which was never set`, 'one that was');
    this.#stack.push(value);
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

/** Opcodes that fetch objects from elsewhere; none is needed for a state dict. */
// biome-ignore format: a table
const objectOpcodes: Readonly<Record<number, string>> = {
  80: 'PERSID', 130: 'EXT1', 131: 'EXT2', 132: 'EXT4', 151: 'NEXT_BUFFER', 152: 'READONLY_BUFFER',
};

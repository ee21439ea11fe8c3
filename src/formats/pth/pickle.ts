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
  /** File name, for messages. */
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
      if (literal === undefined) this.#step(opcode);
      else this.#stack.push(literal);
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
        stack.pushMark();
        return;
      case 0x30: // POP
        stack.drop();
        return;
      case 0x31: // POP_MARK
        stack.popMark();
        return;
      case 0x32: // DUP
        stack.push(stack.peek());
        return;

      case 0x5d: // EMPTY_LIST
        stack.push([]);
        return;
      case 0x6c: // LIST
        stack.pushList(stack.popMark());
        return;
      case 0x61: // APPEND
        stack.append([stack.pop()]);
        return;
      case 0x65: // APPENDS
        stack.append(stack.popMark());
        return;
      case 0x29: // EMPTY_TUPLE
        stack.push(new PickleTuple([]));
        return;
      case 0x85: // TUPLE1, TUPLE2, TUPLE3
      case 0x86:
      case 0x87:
        stack.pushTuple(Array.from({ length: opcode - 0x84 }, () => stack.pop()).reverse());
        return;
      case 0x74: // TUPLE
        stack.pushTuple(stack.popMark());
        return;
      case 0x7d: // EMPTY_DICT
        stack.push(new PickleDict());
        return;
      case 0x64: {
        // DICT
        const items = stack.popMark();
        stack.push(new PickleDict());
        stack.setItems(items);
        return;
      }
      case 0x73: {
        // SETITEM
        const value = stack.pop();
        stack.setItems([stack.pop(), value]);
        return;
      }
      case 0x75: // SETITEMS
        stack.setItems(stack.popMark());
        return;
      case 0x8f: // EMPTY_SET
        stack.push(new PickleSet());
        return;
      case 0x90: // ADDITEMS
        stack.addItems(stack.popMark());
        return;
      case 0x91: {
        // FROZENSET
        const frozen = stack.popMark();
        stack.push(new PickleSet());
        stack.addItems(frozen);
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
        this.#memo.set(Number(cursor.line()), stack.peek());
        return;
      case 0x71: // BINPUT
        this.#memo.set(cursor.byte(), stack.peek());
        return;
      case 0x72: // LONG_BINPUT
        this.#memo.set(cursor.uint32(), stack.peek());
        return;
      case 0x94: // MEMOIZE
        this.#memo.set(this.#memo.size, stack.peek());
        return;

      case 0x63: // GLOBAL
        stack.push(this.#global(cursor.line(), cursor.line()));
        return;
      case 0x93: {
        // STACK_GLOBAL
        const name = stack.pop();
        const module = stack.pop();
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
        stack.push(this.#make(made, stack.popMark()));
        return;
      }
      case 0x6f: {
        // OBJ: the class lies at the bottom of its arguments.
        const [made, ...args] = stack.popMark();
        stack.push(this.#make(made, args));
        return;
      }
      case 0x81: {
        // NEWOBJ
        const args = stack.pop();
        stack.push(this.#make(stack.pop(), tupleItems(args)));
        return;
      }
      case 0x92: {
        // NEWOBJ_EX: named arguments, too, of which no class that is known takes any.
        stack.pop();
        const args = stack.pop();
        stack.push(this.#make(stack.pop(), tupleItems(args)));
        return;
      }
      case 0x62: // BUILD: attributes, as an OrderedDict's (`_metadata` of a state dict). Nothing here reads them.
        stack.setState(stack.pop());
        if (!(stack.peek() instanceof PickleDict)) throw this.#refused('an object with a state of its own');
        return;
      case 0x51: // BINPERSID
        stack.push(this.#environment.persistentLoad(stack.pop()));
        return;
      default:
        throw this.#refusedOpcode(opcode);
    }
  }

  #reduce(): void {
    const args = this.#stack.pop();
    this.#stack.push(this.#make(this.#stack.pop(), tupleItems(args)));
  }

  /** Result of a call: a value of the environment, or an inert record. */
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

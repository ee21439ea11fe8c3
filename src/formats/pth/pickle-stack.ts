import { valueAt } from '../../system/at.ts';
import type { UserError } from '../../system/errors.ts';
import type { PickleCursor } from './pickle-cursor.ts';
import { PickleDict, PickleRecord, PickleSet, PickleTuple, type PickleValue } from './pickle-value.ts';

/** Python's recursion limit when pickling is 1,000. */
const deepestPickle = 1000;

/** Largest stack. Protocols 0 and 1 push all items of a list or tuple at once. */
const longestPickleStack = 4_000_000;

const mark = Symbol('mark');
type Slot = PickleValue | typeof mark;

/** The stack of a pickle, with marks. */
export class PickleStack {
  readonly #cursor: PickleCursor;
  readonly #slots: Slot[] = [];
  readonly #depth = new PickleDepth();
  #openMarks = 0;

  /** @param cursor position in the file, for errors */
  constructor(cursor: PickleCursor) {
    this.#cursor = cursor;
  }

  push(value: PickleValue): void {
    this.#push(value);
  }

  pushMark(): void {
    this.#push(mark);
    if (++this.#openMarks > deepestPickle) throw this.#tooMuch(`${this.#openMarks} open lists`, deepestPickle);
  }

  /** Drops the top value or mark. */
  drop(): void {
    if (this.#slots.length === 0) throw this.#cursor.broken('a pop from an empty stack', 'a value');
    if (this.#slots.pop() === mark) this.#openMarks--;
  }

  pop(): PickleValue {
    const value = this.#slots.pop();
    if (value === undefined || value === mark) throw this.#cursor.broken('an operation without its operand', 'a value');
    return value as PickleValue;
  }

  peek(): PickleValue {
    const value = this.pop();
    this.#slots.push(value);
    return value;
  }

  popMark(): PickleValue[] {
    const start = this.#slots.lastIndexOf(mark);
    if (start < 0) throw this.#cursor.broken('the end of a list without its start', 'a mark');
    const items = this.#slots.splice(start + 1) as PickleValue[];
    this.#slots.pop();
    this.#openMarks--;
    return items;
  }

  pushTuple(items: readonly PickleValue[]): void {
    const tuple = new PickleTuple(items);
    this.#nest(tuple, items);
    this.#slots.push(tuple);
  }

  pushList(items: PickleValue[]): void {
    this.#nest(items, items);
    this.#slots.push(items);
  }

  append(items: readonly PickleValue[]): void {
    const list = this.peek();
    if (list instanceof PickleRecord) return;
    if (!Array.isArray(list)) throw this.#cursor.broken('an item appended to what is no list', 'a list');
    this.#nest(list, items);
    for (const item of items) list.push(item);
  }

  addItems(items: readonly PickleValue[]): void {
    const set = this.peek();
    if (set instanceof PickleRecord) return;
    if (!(set instanceof PickleSet)) throw this.#cursor.broken('items added to what is no set', 'a set');
    this.#nest(set, items);
    for (const item of items) set.add(item);
  }

  setItems(items: readonly PickleValue[]): void {
    const dict = this.peek();
    if (!(dict instanceof PickleDict)) throw this.#cursor.broken('an item set in what is no dict', 'a dict');
    if (items.length % 2 !== 0) throw this.#cursor.broken('a dict key without a value', 'pairs');
    this.#nest(dict, items);
    for (let i = 0; i < items.length; i += 2) dict.set(valueAt(items, i), valueAt(items, i + 1));
  }

  /** Sets the attributes of a record on top; ignored for other values. */
  setState(state: PickleValue): void {
    const made = this.peek();
    if (!(made instanceof PickleRecord)) return;
    this.#nest(made, [state]);
    made.state = state;
  }

  #nest(container: object, items: readonly PickleValue[]): void {
    const depth = this.#depth.add(container, items);
    if (depth > deepestPickle) throw this.#tooMuch(`values ${depth} deep in each other`, deepestPickle);
  }

  #tooMuch(found: string, limit: number): UserError {
    return this.#cursor.broken(found, `at most ${limit}`);
  }

  #push(slot: Slot): void {
    this.#slots.push(slot);
    if (this.#slots.length > longestPickleStack)
      throw this.#tooMuch(`${this.#slots.length} values that wait`, longestPickleStack);
  }
}

/** Nesting depth of containers, which a few bytes of a pickle can increase by one. */
class PickleDepth {
  readonly #depths = new WeakMap<object, number>();

  /** Records that a container holds items. @returns its depth, 1 if it holds no containers */
  add(container: object, items: readonly PickleValue[]): number {
    let depth = this.#depths.get(container) ?? 1;
    for (const item of items) {
      if (typeof item === 'object' && item !== null) depth = Math.max(depth, 1 + (this.#depths.get(item) ?? 0));
    }
    this.#depths.set(container, depth);
    return depth;
  }
}

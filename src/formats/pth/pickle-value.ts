/** What a pickle makes: plain data, and what `Globals` make of their arguments (tensors, storages). */
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

/**
 * Stands for an object of a class that the reader does not know. The class is never looked up and nothing of it is run;
 * what the pickle set in it is kept, as a dict's items or as its state.
 */
export class PickleRecord extends PickleDict {
  readonly module: string;
  readonly name: string;
  /** What the pickle would have restored it from. */
  state: PickleValue | undefined;
  constructor(module: string, name: string) {
    super();
    this.module = module;
    this.name = name;
  }
}

export class PickleSet extends Set<PickleValue> {}

/** Something that a pickle may name. `call` is what REDUCE runs; without it, it can only be passed on. */
export interface PickleGlobal {
  readonly module: string;
  readonly name: string;
  readonly call?: (args: readonly PickleValue[]) => PickleValue;
  /** Not known to the reader: whatever a pickle makes of it becomes a `PickleRecord`. */
  readonly unknown?: boolean;
}

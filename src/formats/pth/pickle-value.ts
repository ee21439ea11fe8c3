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
export class PickleSet extends Set<PickleValue> {}

/** Something that a pickle may name. `call` is what REDUCE runs; without it, it can only be passed on. */
export interface PickleGlobal {
  readonly module: string;
  readonly name: string;
  readonly call?: (args: readonly PickleValue[]) => PickleValue;
}

/** A value of a JSON document that has the wrong type. */
export class ShapeError extends Error {
  readonly at: string;
  readonly found: string;
  readonly expected: string;

  constructor(at: string, value: unknown, expected: string) {
    super(`${at}: expected ${expected}, found ${describe(value)}`);
    this.name = 'ShapeError';
    this.at = at;
    this.found = describe(value);
    this.expected = expected;
  }
}

/** Throws ShapeError unless `value` fits; `at` is the path for the message, e.g. `perRepeat[2].accuracy`. */
export type Shape = (value: unknown, at: string) => void;

export const string: Shape = (value, at) => {
  if (typeof value !== 'string') throw new ShapeError(at, value, 'text');
};

export const path: Shape = (value, at) => {
  if (typeof value !== 'string' || value.includes('\0')) throw new ShapeError(at, value, 'a path');
};

/** A sha256, which may be part of a file name. */
export const hexHash: Shape = (value, at) => {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) {
    throw new ShapeError(at, value, 'a sha256, 64 hex digits');
  }
};

export const boolean: Shape = (value, at) => {
  if (typeof value !== 'boolean') throw new ShapeError(at, value, 'true or false');
};

export const finite: Shape = (value, at) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ShapeError(at, value, 'a number');
};

export const count: Shape = (value, at) => {
  if (!Number.isSafeInteger(value) || Number(value) < 0) throw new ShapeError(at, value, 'a whole number from 0');
};

export const fraction: Shape = (value, at) => {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) throw new ShapeError(at, value, 'a number from 0 to 1');
};

export const anything: Shape = () => {};

export function exactly(wanted: string | number): Shape {
  return (value, at) => {
    if (value !== wanted) throw new ShapeError(at, value, JSON.stringify(wanted));
  };
}

export function optional(shape: Shape): Shape {
  return (value, at) => {
    if (value !== undefined) shape(value, at);
  };
}

/** Uses `list` for lists, else `plain`. */
export function either(plain: Shape, list: Shape): Shape {
  return (value, at) => (Array.isArray(value) ? list : plain)(value, at);
}

export function listOf(shape: Shape, length?: { readonly exactly?: number; readonly atLeast?: number }): Shape {
  return (value, at) => {
    if (!Array.isArray(value)) throw new ShapeError(at, value, 'a list');
    if (length?.exactly !== undefined && value.length !== length.exactly) {
      throw new ShapeError(at, value, `${length.exactly} entries`);
    }
    if (length?.atLeast !== undefined && value.length < length.atLeast) {
      throw new ShapeError(at, value, `at least ${length.atLeast} entries`);
    }
    for (let i = 0; i < value.length; i++) shape(value[i], `${at}[${i}]`);
  };
}

/** An object with at least these fields; others are ignored. */
export function fields(shapes: Readonly<Record<string, Shape>>): Shape {
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new ShapeError(at, value, 'an object');
    const own = new Map<string, unknown>(Object.entries(value));
    for (const [name, shape] of Object.entries(shapes)) shape(own.get(name), at === '' ? name : `${at}.${name}`);
  };
}

export function mapOf(shape: Shape): Shape {
  return (value, at) => {
    fields({})(value, at);
    for (const [name, entry] of Object.entries(Object(value))) shape(entry, `${at}.${name}`);
  };
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

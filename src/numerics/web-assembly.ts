/** The part of the WebAssembly API that is used here; TypeScript declares it with the browser's types alone. */
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

const PAGE_BYTES = 65536;

/** Whether the processor runs a module of this project: not where WebAssembly has no SIMD (x64 before SSE 4.1). */
export function runsModule(base64: string): boolean {
  return WebAssembly.validate(Buffer.from(base64, 'base64'));
}

/** A fresh instance of a module that `npm run wasm` made: what it exports, with a memory of its own. */
export function startModule<Exports extends { readonly memory: WasmMemory }>(base64: string): Exports {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(base64, 'base64')));
  return exports as Exports;
}

/** Makes a memory at least so large. Views of it made before are empty then. */
export function growTo(memory: WasmMemory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
}

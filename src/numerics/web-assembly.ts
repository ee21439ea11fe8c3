/** The part of the WebAssembly API used here; TypeScript declares it only among the browser's types. */
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

/** Whether the processor supports this project's modules, which need WebAssembly SIMD (SSE 4.1 on x64). */
export function runsModule(base64: string): boolean {
  return WebAssembly.validate(Buffer.from(base64, 'base64'));
}

/** An exported function. Its parameters are named in the .wat file; addresses are in bytes. */
type WasmFunction = (...numbers: number[]) => number;

/** Instantiates a module built by `npm run wasm`, with its own memory, and returns its exports. */
export function startModule<Name extends string>(
  base64: string,
): Readonly<Record<Name, WasmFunction>> & { readonly memory: WasmMemory } {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(base64, 'base64')));
  return exports as ReturnType<typeof startModule<Name>>;
}

/** Grows a memory to at least `bytes`. Existing views of it become empty. */
export function growTo(memory: WasmMemory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
}

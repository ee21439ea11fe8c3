import { growTo, runsModule, startModule, type WasmMemory } from '../../../numerics/web-assembly.ts';
import { paddedDims, plainMachines, type RowMachines } from './row-machines.kernel.ts';
import { rowMachinesModule } from './row-machines-wasm.ts';

/** What row-machines.wat exports; addresses and lengths are in bytes. */
interface RowMachinesExports {
  readonly memory: WasmMemory;
  product(row: number, weights: number, bytes: number): number;
  products(row: number, first: number, second: number, bytes: number, out: number): void;
  add(row: number, weights: number, bytes: number, factor: number): void;
}

/** Where two products are left: before the row. */
const OUT_BYTES = 16;

/** The fast loops, or the plain ones on processors whose WebAssembly has no SIMD (x64 before SSE 4.1). */
export function openRowMachines(capacity: number, dims: number): RowMachines {
  return runsModule(rowMachinesModule) ? wasmMachines(capacity, dims) : plainMachines(capacity, dims);
}

/**
 * Linear machines in WebAssembly SIMD (row-machines.wat).
 *
 * @param capacity the most machines
 * @param dims features per row
 */
export function wasmMachines(capacity: number, dims: number): RowMachines {
  const wasm = startModule<RowMachinesExports>(rowMachinesModule);
  const padded = paddedDims(dims);
  const bytes = padded * Float32Array.BYTES_PER_ELEMENT;
  const rowAt = OUT_BYTES;
  const weightsAt = rowAt + bytes;
  growTo(wasm.memory, weightsAt + capacity * bytes);
  const { buffer } = wasm.memory;
  const out = new Float32Array(buffer, 0, 2);
  const row = new Float32Array(buffer, rowAt, padded);
  const weights = new Float32Array(buffer, weightsAt, capacity * padded);
  row[dims] = 1;
  const addressOf = (machine: number): number => weightsAt + machine * bytes;
  return {
    load: (features, at) => row.set(features.subarray(at, at + dims)),
    products: (machines, count, values) => {
      let i = 0;
      for (; i + 1 < count; i += 2) {
        wasm.products(rowAt, addressOf(machines[i] as number), addressOf(machines[i + 1] as number), bytes, 0);
        values[i] = out[0] as number;
        values[i + 1] = out[1] as number;
      }
      if (i < count) values[i] = wasm.product(rowAt, addressOf(machines[i] as number), bytes);
    },
    add: (machine, factor) => wasm.add(rowAt, addressOf(machine), bytes, factor),
    squaredNorm: (machine) => wasm.product(addressOf(machine), addressOf(machine), bytes),
    clear: () => weights.fill(0),
  };
}

import { growTo, runsModule, startModule } from '../../../numerics/web-assembly.ts';
import { paddedDims, plainClassifiers, type RowClassifiers } from './row-classifiers.kernel.ts';
import { rowClassifiersModule } from './row-classifiers-wasm.ts';

/** Two products are written here, before the row. */
const OUT_BYTES = 16;

/** The WebAssembly loops, or the plain ones without WebAssembly SIMD (x64 before SSE 4.1). */
export function openRowClassifiers(capacity: number, dims: number): RowClassifiers {
  return runsModule(rowClassifiersModule) ? wasmClassifiers(capacity, dims) : plainClassifiers(capacity, dims);
}

/** Up to `capacity` linear classifiers of rows with `dims` features, in WebAssembly SIMD (row-classifiers.wat). */
export function wasmClassifiers(capacity: number, dims: number): RowClassifiers {
  const wasm = startModule<'product' | 'products' | 'add'>(rowClassifiersModule);
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
  const addressOf = (classifier: number): number => weightsAt + classifier * bytes;
  return {
    load: (features, at) => row.set(features.subarray(at, at + dims)),
    products: (classifiers, count, values) => {
      let i = 0;
      for (; i + 1 < count; i += 2) {
        wasm.products(rowAt, addressOf(classifiers[i] as number), addressOf(classifiers[i + 1] as number), bytes, 0);
        values[i] = out[0] as number;
        values[i + 1] = out[1] as number;
      }
      if (i < count) values[i] = wasm.product(rowAt, addressOf(classifiers[i] as number), bytes);
    },
    add: (classifier, factor) => {
      wasm.add(rowAt, addressOf(classifier), bytes, factor);
    },
    squaredNorm: (classifier) => wasm.product(addressOf(classifier), addressOf(classifier), bytes),
    clear: () => weights.fill(0),
  };
}

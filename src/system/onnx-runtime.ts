import './no-telemetry.ts';
import { createRequire } from 'node:module';
import type * as Ort from 'onnxruntime-node';

let loaded: typeof Ort | undefined;
const load = (): typeof Ort => createRequire(import.meta.url)('onnxruntime-node');

/** ONNX Runtime, loaded at first use: importing this library loads no native code. */
export function runtime(): typeof Ort {
  loaded ??= load();
  return loaded;
}

/** Data of a float32 output. @throws RangeError if there is none of that name */
export function float32Of(results: Ort.InferenceSession.ReturnType, name: string): Float32Array {
  const data = results[name]?.data;
  if (data instanceof Float32Array) return data;
  throw new RangeError(`no float32 tensor ${name} among the results`);
}

/** Opens a session with the options common to all. Must not run in a worker thread. */
export function openOrtSession(
  model: Uint8Array,
  { extra, ...options }: Ort.InferenceSession.SessionOptions,
): Promise<Ort.InferenceSession> {
  return runtime().InferenceSession.create(model, {
    executionMode: 'sequential',
    interOpNumThreads: 1,
    // Warnings about unused initializers and the like are not for users.
    logSeverityLevel: 3,
    ...options,
    // Idle threads sleep: spinning ones would take cores from decoding and from other heads' workers.
    extra: { session: { intra_op: { allow_spinning: '0' }, ...extra } },
  });
}

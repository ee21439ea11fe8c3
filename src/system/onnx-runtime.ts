import './no-telemetry.ts';
import { createRequire } from 'node:module';
import type * as Ort from 'onnxruntime-node';

let loaded: typeof Ort | undefined;
const load = (): typeof Ort => createRequire(import.meta.url)('onnxruntime-node');

/** ONNX Runtime, loaded at the first use: a program that only imports this library starts no native code. */
export function runtime(): typeof Ort {
  loaded ??= load();
  return loaded;
}

/** The numbers of a result. @throws RangeError if there is no float32 tensor of that name */
export function float32Of(results: Ort.InferenceSession.ReturnType, name: string): Float32Array {
  const data = results[name]?.data;
  if (data instanceof Float32Array) return data;
  throw new RangeError(`no float32 tensor ${name} among the results`);
}

/** Opens a session of a model, with what every one of them has in common. It must not run inside a worker thread. */
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
    // Idle threads sleep: those that spin take the cores from decoding and from the workers of other heads.
    extra: { session: { intra_op: { allow_spinning: '0' }, ...extra } },
  });
}

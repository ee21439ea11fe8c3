import './no-telemetry.ts';
import { createRequire } from 'node:module';
import type * as Ort from 'onnxruntime-node';

let loaded: typeof Ort | undefined;

/** ONNX Runtime, loaded at the first use: a program that only imports this library starts no native code. */
export function runtime(): typeof Ort {
  loaded ??= createRequire(import.meta.url)('onnxruntime-node') as typeof Ort;
  return loaded;
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

import type * as ort from 'onnxruntime-node';
import type { DeviceName } from '../../features/manifest/manifest.ts';
import { openOrtSession, runtime } from '../../system/onnx-runtime.ts';
import { usableCores } from './processor.ts';

interface SessionSettings {
  readonly device: DeviceName;
  readonly threads?: number | undefined;
  /** Path to write ONNX Runtime's optimized graph, for inspection. */
  readonly optimizedModelPath?: string;
  /**
   * Multiplies bytes without saturation even on x86 without VNNI, at three quarters of the speed. No effect elsewhere.
   */
  readonly exactProducts?: boolean;
}

/** ONNX Runtime's version, as the manifest records it. */
export const ortVersion: string = runtime().env.versions.node ?? runtime().env.versions.common;

/**
 * Opens a session with the fastest settings for convolutional networks (ResNet50 at 224 pixels on two cores): all graph
 * optimizations (the layout pass gains 40 %) and one thread per core (more halve the speed). ONNX Runtime must not run
 * inside a worker thread.
 */
export function openSession(model: Uint8Array, settings: SessionSettings): Promise<ort.InferenceSession> {
  const { device, optimizedModelPath } = settings;
  return openOrtSession(model, {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: settings.threads ?? usableCores(),
    extra: { x64quantprecision: settings.exactProducts === true ? '1' : '0' },
    ...(optimizedModelPath === undefined ? {} : { optimizedModelFilePath: optimizedModelPath }),
  });
}

import '../../system/no-telemetry.ts';
import * as ort from 'onnxruntime-node';
import type { DeviceName } from '../../features/manifest/manifest.ts';
import { usableCores } from './cores.ts';

export interface SessionSettings {
  readonly device: DeviceName;
  /** Threads of one operator; default: the cores that this process may use. */
  readonly threads?: number | undefined;
  /** Where to write the graph as ONNX Runtime runs it, for looking at. */
  readonly optimizedModelPath?: string;
  /**
   * Multiplies bytes without clipping on x86 without VNNI too, at three quarters of the speed. Of no effect elsewhere.
   */
  readonly exactProducts?: boolean;
}

/** ONNX Runtime's version, as the manifest records it. */
export const ortVersion: string = ort.env.versions.node ?? ort.env.versions.common;

/**
 * Opens a session with the settings that measured best for convolutional networks (ResNet50 at 224 pixels on two cores):
 * all graph optimizations (the layout pass is worth 40 %) and one thread per core (more halve the speed).
 * ONNX Runtime must not run inside a worker thread.
 */
export function openSession(model: Uint8Array, settings: SessionSettings): Promise<ort.InferenceSession> {
  const { device, optimizedModelPath } = settings;
  return ort.InferenceSession.create(model, {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: settings.threads ?? usableCores(),
    interOpNumThreads: 1,
    // Warnings about unused initializers and the like are not for users.
    logSeverityLevel: 3,
    // Threads that spin while they wait take the cores from decoding: 2.5 times slower beside busy threads.
    extra: {
      session: { intra_op: { allow_spinning: '0' }, x64quantprecision: settings.exactProducts === true ? '1' : '0' },
    },
    ...(optimizedModelPath === undefined ? {} : { optimizedModelFilePath: optimizedModelPath }),
  });
}

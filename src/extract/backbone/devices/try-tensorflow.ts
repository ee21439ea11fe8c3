import type { DeviceName } from '../../../features/manifest/manifest.ts';
import { UserError } from '../../../system/errors.ts';
import { choosePreprocessing } from '../../preprocessing.ts';
import { loadWeights } from '../../weights/load-weights.ts';
import { openBackbone } from '../open-backbone.ts';
import type { Absence } from './explain.ts';

export type TensorFlowReport =
  | { readonly works: true; readonly version: string; readonly device: DeviceName; readonly seconds: number }
  | ({ readonly works: false } & Absence);

const crop = 64;
const rowCount = 2;

/** Tries the tensorflow engine with a small ResNet on one batch, on the device that its library uses. */
export async function tryTensorFlow(): Promise<TensorFlowReport> {
  const weights = await loadWeights('random:resnet-tiny');
  const preprocessing = choosePreprocessing({ crop, resize: crop });
  try {
    const backbone = await openBackbone({ weights, tap: 'avgpool', preprocessing, engine: 'tensorflow' });
    try {
      const batch = { rowCount, crop, bytesNHWC: new Uint8Array(rowCount * crop * crop * 3).fill(100) };
      await backbone.run(batch);
      const started = performance.now();
      await backbone.run(batch);
      const seconds = (performance.now() - started) / 1000;
      return { works: true, version: backbone.engineVersion, device: backbone.device, seconds };
    } finally {
      await backbone.close();
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { what, found, fix } = error.parts;
    return { works: false, reason: found ?? what, fix: fix ?? '--engine onnx' };
  }
}

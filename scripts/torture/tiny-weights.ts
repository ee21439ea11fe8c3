import { writeFile } from 'node:fs/promises';
import { randomWeights } from '../../src/extract/weights/random/random-weights.ts';
import { encodeSafetensors } from '../../src/formats/safetensors.ts';

/** Writes the weights of `random:resnet-tiny`; generating them takes a quarter of a run. */
export async function writeTinyWeights(path: string): Promise<void> {
  await writeFile(path, encodeSafetensors(Object.fromEntries(randomWeights('resnet-tiny', 0).tensors)));
}

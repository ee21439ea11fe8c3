import { usageError } from '../../errors.ts';
import { readWholeFile } from '../../formats/whole-file.ts';
import { checkStateDict } from './check-state-dict.ts';
import { randomSource, randomWeights } from './random/random-weights.ts';
import { architectures, isArchitecture } from './resnet.ts';
import type { StateDict } from './state-dict.ts';
import { readTensors, weightsFormat } from './weights-file.ts';

export interface LoadWeightsOptions {
  /** `random` only; default 0. */
  readonly seed?: number;
}

/** What `--weights` named, read and checked. */
export type LoadedWeights =
  | {
      readonly kind: 'state-dict';
      readonly stateDict: StateDict;
      /** Absolute or as given; absent for `random`. */
      readonly file?: string;
      /** The shorter side after Resize that the weights were trained for; absent where the file does not say. */
      readonly resize?: number;
      /** Worth showing once: tensors that are not used. */
      readonly warnings: readonly string[];
    }
  | {
      /** A graph of the user's own: src/formats/onnx reads it. */
      readonly kind: 'onnx';
      readonly file: string;
      readonly bytes: Uint8Array;
      readonly sha256: string;
    };

/**
 * Reads what `--weights` names: `random` or `random:ARCHITECTURE` (seeded), or a .safetensors, .pth or .onnx file.
 *
 * @throws UserError where the name is unknown, the file is not whole, or its tensors are not those of a known ResNet
 */
export async function loadWeights(spec: string, options: LoadWeightsOptions = {}): Promise<LoadedWeights> {
  const [name, architecture = 'resnet50'] = spec.split(':');
  if (name === 'random') return loadRandom(architecture, options.seed ?? 0);
  return loadFile(spec);
}

/** The last random network: `predict` and tests ask for the same one again, and it takes seconds to make. */
let lastRandom: StateDict | undefined;

function loadRandom(architecture: string, seed: number): LoadedWeights {
  if (!isArchitecture(architecture))
    throw usageError('--weights', `random:${architecture}`, `random:${Object.keys(architectures).join(' | random:')}`);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw usageError('the seed of random weights', String(seed), 'a whole number from 0 to 2^53');
  if (lastRandom?.source !== randomSource(architecture, seed)) lastRandom = randomWeights(architecture, seed);
  return { kind: 'state-dict', stateDict: lastRandom, resize: 256, warnings: [] };
}

async function loadFile(path: string): Promise<LoadedWeights> {
  const format = weightsFormat(path);
  const file = await readWholeFile(path, 'weights file');
  if (format === 'onnx') return { kind: 'onnx', file: path, bytes: file.bytes, sha256: file.sha256 };
  const { warnings, ...checked } = checkStateDict(await readTensors(file, format), path);
  return {
    kind: 'state-dict',
    stateDict: { ...checked, source: path, sha256: file.sha256 },
    file: path,
    warnings,
  };
}

import type { BackboneWeights } from '../../../src/extract/backbone/open-backbone.ts';
import type { StateDict } from '../../../src/extract/weights/state-dict.ts';
import { UserError } from '../../../src/system/errors.ts';

/** The state dict of a ResNet. @throws UserError for a user's own graph */
export function stateDictOf(weights: BackboneWeights): StateDict {
  if (weights.kind === 'state-dict') return weights.stateDict;
  throw new UserError({
    what: 'this takes the weights of a ResNet',
    where: weights.file,
    found: 'an ONNX graph',
    expected: 'a .safetensors or .pth file, or a known name',
    exitCode: 2,
  });
}

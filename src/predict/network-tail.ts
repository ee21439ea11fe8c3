import type { Report } from '../classify/result/report.ts';
import { resNetTail } from '../extract/backbone/resnet-tail.ts';
import { type MadeFeatures, mapsBeside, mapsCommand } from '../extract/maps-command.ts';
import type { NetworkTail } from '../models/finetune/network/tail.ts';
import { extractedMaps } from '../models/finetune/trained-blocks.ts';
import { UserError, type UserErrorParts } from '../system/errors.ts';
import { withOwnCommands } from '../system/own-command.ts';
import { counted } from '../system/printable.ts';
import { shortPath } from '../system/short-path.ts';
import { featureRecipe, sameWeights } from './embedder.ts';

/**
 * The layers after the tap of a feature set, with the same weights.
 *
 * @throws UserError if the rows are not whole maps of a ResNet, or its weights are missing or differ
 */
export async function loadNetworkTail(featureSet: Report['featureSet']): Promise<NetworkTail> {
  const where = shortPath(featureSet.folder);
  if (featureSet.parts === undefined && featureSet.madeBy === undefined) {
    throw new UserError({
      what: 'fine-tuning needs the network behind the features',
      where,
      found: 'a matrix, which does not say which network it comes from',
      expected: 'whole maps of a ResNet, as extract makes them',
      fix: withOwnCommands(extractedMaps),
    });
  }
  const recipe = featureRecipe({ featureSet, report: where });
  const { fields } = recipe;
  const [channels, height, width] = featureSet.rowShape ?? [];
  if (fields.pool !== 'none' || channels === undefined || height === undefined || width === undefined) {
    throw new UserError({
      what: 'fine-tuning needs whole maps',
      where,
      found: `rows of ${counted(featureSet.dims, 'number')}: ${fields.tap}, pool ${fields.pool}`,
      expected: 'maps of a layer, channels x height x width',
      ...afterMaps(recipe),
    });
  }
  const loaded = await sameWeights({ featureSet, report: where }, {});
  if (loaded.kind === 'onnx') {
    throw new UserError({
      what: 'fine-tuning supports only ResNets',
      where,
      found: `${fields.architecture}, an ONNX graph`,
      expected: "a ResNet's state dict: .safetensors or .pth",
      ...afterMaps(recipe),
    });
  }
  const tail = resNetTail(loaded.stateDict, fields.tap);
  if (tail === undefined || tail.blocks.length === 0) {
    throw new UserError({
      what: 'there is no block behind the maps to train',
      where,
      found: `maps of ${fields.tap}`,
      expected: 'the output of a layer or block before the last one: layer3, layer4.1',
      ...afterMaps(recipe),
    });
  }
  const grouped = tail.blocks.flatMap(({ main }) => main).find(({ groups }) => groups > 1);
  if (grouped !== undefined) {
    throw new UserError({
      what: 'fine-tuning does not support grouped convolutions',
      where,
      found: `${grouped.conv} of ${fields.architecture}, ${counted(grouped.groups, 'group')}`,
      expected: 'a ResNet without them: resnet18 to resnet152, wide_resnet50_2',
      ...afterMaps(recipe),
    });
  }
  return { ...tail, tap: fields.tap, mapShape: [channels, height, width], weightsSha256: fields.weightsSha256 };
}

/** What the command works with: a feature set of the maps of the same images. */
function afterMaps(recipe: MadeFeatures): Pick<UserErrorParts, 'first' | 'option'> {
  return { first: mapsCommand(recipe), option: { name: 'features', value: mapsBeside(recipe.folder).folder } };
}

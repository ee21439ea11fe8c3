/**
 * Runs resnet-tiny up to its first strided blocks, which have all kinds of layers, on the device named on the command
 * line. Prints the largest difference from PyTorch as JSON.
 */
import { openBackbone } from '../../../../src/extract/backbone/open-backbone.ts';
import type { DeviceName } from '../../../../src/features/manifest/manifest.ts';
import {
  firstRows,
  fixture,
  fixtureBatch,
  golden,
  preprocessing,
  readGolden,
  readStateDict,
  worstRow,
} from '../fixtures.ts';

const device = process.argv[2] as DeviceName;
const stateDict = readStateDict(fixture('resnet-tiny.safetensors'), 'resnet-tiny');
const weights = { kind: 'state-dict', stateDict } as const;
const backbone = await openBackbone({ weights, tap: 'layer2', preprocessing: preprocessing(64), device });
// The batch size of the network: for another one the device would compile its programs again.
const { crop, bytesNHWC } = fixtureBatch();
const map = await backbone.run({ rowCount: 2, crop, bytesNHWC: bytesNHWC.slice(0, 2 * crop * crop * 3) });
const worst = worstRow(map, firstRows(golden(readGolden('resnet-tiny-stages.safetensors'), 'layer2'), 2));
await backbone.close();
process.stdout.write(`\n${JSON.stringify({ device: backbone.device, worst })}\n`, () => process.exit(0));

/** Runs resnet-tiny as far as its first strided blocks, the last of its kinds of layers, on the device named on the command line; prints the worst difference to PyTorch as JSON. */
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
// As many images as the network was opened with: for another number the device compiles its programs again.
const { crop, bytesNHWC } = fixtureBatch();
const map = await backbone.run({ rowCount: 2, crop, bytesNHWC: bytesNHWC.slice(0, 2 * crop * crop * 3) });
const worst = worstRow(map, firstRows(golden(readGolden('resnet-tiny-stages.safetensors'), 'layer2'), 2));
await backbone.close();
process.stdout.write(`\n${JSON.stringify({ device: backbone.device, worst })}\n`, () => process.exit(0));

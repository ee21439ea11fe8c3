/** Runs resnet-tiny on the device named on the command line; prints the worst difference to PyTorch as JSON. */
import { openBackbone } from '../../../../src/extract/backbone/open-backbone.ts';
import type { DeviceName } from '../../../../src/features/manifest/manifest.ts';
import { fixture, fixtureBatch, golden, preprocessing, readGolden, readStateDict, worstRow } from '../fixtures.ts';

const device = process.argv[2] as DeviceName;
const stateDict = readStateDict(fixture('resnet-tiny.safetensors'), 'resnet-tiny');
const weights = { kind: 'state-dict', stateDict } as const;
const backbone = await openBackbone({ weights, tap: 'avgpool', preprocessing: preprocessing(64), device });
const map = await backbone.run(fixtureBatch());
const worst = worstRow(map, golden(readGolden('resnet-tiny-stages.safetensors'), 'avgpool'));
await backbone.close();
process.stdout.write(`\n${JSON.stringify({ device: backbone.device, worst })}\n`, () => process.exit(0));

import type { Tap } from '../extract/backbone/backbone.ts';
import { openNetwork } from '../extract/backbone/open-backbone.ts';
import { defaultCrop, resnetTaps } from '../extract/backbone/resnet-taps.ts';
import { listTaps } from '../extract/backbone/taps.ts';
import { extractOptions } from '../extract/options.ts';
import { type LoadWeightsOptions, loadWeights } from '../extract/weights/load-weights.ts';
import { namedNetwork } from '../extract/weights/named-network.ts';
import type { Architecture } from '../extract/weights/resnet.ts';
import { textTable } from '../report/text-table.ts';
import { defineVerb, type Verb } from './verb.ts';

export const tapsVerb: Verb = defineVerb({
  options: {
    weights: extractOptions.weights,
    weightsKey: extractOptions.weightsKey,
    variant: extractOptions.variant,
    crop: { ...extractOptions.crop, describe: 'side of the square input in pixels', unset: `${defaultCrop}` },
  },
  run: async ({ weights, weightsKey: key, variant, crop: asked }, session) => {
    const { architecture, source, crop, taps } = await tapsOf(weights, asked, { key, variant });
    session.printJson({ architecture, weights: source, crop, taps });
    session.print(`${architecture} from ${source}, one image of ${crop} x ${crop} pixels`);
    const rows = taps.map(({ name, tensor, shape }) => [name, `[${shape.join(', ')}]`, name === tensor ? '' : tensor]);
    const columns = ['--tap', 'shape', 'tensor'].map((title) => ({ title, align: 'left' }) as const);
    for (const line of textTable(columns, rows)) session.print(line);
    return 0;
  },
});

interface Listed {
  readonly architecture: string;
  readonly source: string;
  readonly crop: number;
  readonly taps: readonly Tap[];
}

/** A ResNet's tensors follow from its architecture, so a known name needs no weights; other graphs are run once. */
async function tapsOf(
  spec: string,
  asked: number | undefined,
  which: Pick<LoadWeightsOptions, 'key' | 'variant'>,
): Promise<Listed> {
  const ofResNet = (
    architecture: Architecture,
    source: string,
    classCount: number | undefined,
    usualCrop = defaultCrop,
  ): Listed => {
    const crop = asked ?? usualCrop;
    const { stages, tensors } = resnetTaps(architecture, crop, classCount);
    return { architecture, source, crop, taps: [...stages, ...tensors] };
  };
  const named = namedNetwork(spec);
  if (named !== undefined) return ofResNet(named.architecture, spec, named.classCount, named.crop);
  const weights = await loadWeights(spec, which);
  if (weights.kind === 'state-dict') {
    const { architecture, source, classCount } = weights.stateDict;
    return ofResNet(architecture, source, classCount);
  }
  const network = openNetwork(weights, asked ?? defaultCrop);
  const crop = asked ?? network.input.crop ?? weights.published?.trainedWith.crop ?? defaultCrop;
  const { source } = network;
  const architecture = weights.published?.architecture ?? network.architecture;
  return { architecture, source, crop, taps: await listTaps(network, crop) };
}

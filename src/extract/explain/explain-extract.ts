import { nodeFiles } from '../../system/files.ts';
import { pooledShape } from '../backbone/pool.ts';
import { type NetworkSource, readingOf } from '../network-source.ts';
import { listInputs, writerSettings } from '../open-run.ts';
import type { ExtractRequest } from '../plan.ts';
import { choosePreprocessing } from '../preprocessing.ts';
import { sha256PrefixOf } from '../weights/known-weights.ts';
import { notDownloaded } from '../weights/load-weights.ts';
import { type Explanation, explain } from './explain.ts';

/**
 * Explains what `extract` would compute for a request, and why. Changes nothing and downloads nothing.
 *
 * @throws UserError as `extract` does for the data folder and the weights
 */
export async function explainExtract(request: ExtractRequest): Promise<Explanation> {
  const { plan: asked, policy, context } = request;
  const { files = nodeFiles } = context;
  const { folder, weights, engine, device } = asked;
  const list = await listInputs(asked, policy, context.signal);
  // Does not download known weights.
  const known = notDownloaded(weights);
  const network = known === undefined ? await context.network() : networkByName(weights, known.file, known.resize);
  const plan = { ...asked, ...readingOf(network, asked) };
  const preprocessing = choosePreprocessing(plan.preprocessing, network.trainedWith);
  const { fields } = writerSettings({ ...request, plan, network, preprocessing, int8: undefined }, list.root);
  const explanation = await explain({
    files,
    folder,
    list,
    fields,
    replace: policy.replace === true,
    rehash: policy.rehash === true,
    engine: engine === 'auto' ? undefined : engine,
    device: device === 'auto' ? undefined : device,
    rowShape: async () => {
      if (known !== undefined) return undefined;
      const backbone = await network.open(preprocessing, plan.tap);
      await backbone.close();
      return pooledShape(backbone.tap.shape, plan.pool, plan.prefixTokens);
    },
  });
  if (known === undefined) return explanation;
  return { ...explanation, reasons: [...explanation.reasons, `${known.file} would be downloaded first`] };
}

function networkByName(weights: string, file: string, resize: number): NetworkSource {
  const fail = (): never => {
    throw new Error(`${file} is not downloaded`);
  };
  const [architecture = ''] = weights.split('-');
  const weightsSha256 = sha256PrefixOf(file);
  return { architecture, weightsSha256, weights, trainedWith: { resize }, open: fail, prepareInt8: fail };
}

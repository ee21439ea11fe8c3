import type { DeviceName, EngineName } from '../../features/manifest/manifest.ts';
import { nodeFiles } from '../../system/files.ts';
import { pooledShape } from '../backbone/pool.ts';
import { type ExtractOptions, featureFolder, listInputs, type NetworkSource, writerSettings } from '../extract.ts';
import { choosePreprocessing } from '../preprocessing.ts';
import { sha256PrefixOf } from '../weights/known-weights.ts';
import { notDownloaded } from '../weights/load-weights.ts';
import { type Explanation, explain } from './explain.ts';

/** The options of the run, and what `network` alone knows of in it. */
export interface ExplainOptions extends ExtractOptions {
  /** As `--weights` names them: known ones that are not here yet are not downloaded to be explained. */
  readonly weights?: string;
  readonly engine?: EngineName;
  readonly device?: DeviceName;
}

/**
 * Tells what `extract` with the same options would compute and why; changes nothing, and downloads nothing.
 *
 * @throws UserError as `extract` does for the data folder and the weights
 */
export async function explainExtract(options: ExplainOptions): Promise<Explanation> {
  const { files = nodeFiles, weights = '', engine, device } = options;
  const list = await listInputs(options);
  const folder = featureFolder(options);
  const known = notDownloaded(weights);
  const network = known === undefined ? await options.network() : notYet(weights, known.file, known.resize);
  const preprocessing = choosePreprocessing(options.preprocessing, network.resize);
  const { fields } = writerSettings({ ...options, files, network, preprocessing }, list.root);
  const explanation = await explain({
    files,
    folder,
    list,
    fields,
    replace: options.replace === true,
    rehash: options.rehash === true,
    ...(engine === undefined ? {} : { engine }),
    ...(device === undefined ? {} : { device }),
    rowShape: async () => {
      if (known !== undefined) return undefined;
      const backbone = await network.open(preprocessing, options.tap);
      await backbone.close();
      return pooledShape(backbone.tap.shape, options.pool);
    },
  });
  if (known === undefined) return explanation;
  return { ...explanation, reasons: [...explanation.reasons, `${known.file} would be downloaded first`] };
}

/** What the name of known weights says of them. */
function notYet(weights: string, file: string, resize: number): NetworkSource {
  const notHere = (): never => {
    throw new Error(`${file} is not here yet`);
  };
  const [architecture = ''] = weights.split('-');
  return { architecture, weightsSha256: sha256PrefixOf(file), weights, resize, open: notHere, prepareInt8: notHere };
}

import { nodeFiles } from '../features/files.ts';
import { type Explanation, explain } from './explain.ts';
import { type ExtractOptions, featureFolder, listInputs, writerSettings } from './extract.ts';
import { pooledShape } from './pool.ts';
import { choosePreprocessing } from './preprocessing.ts';

/**
 * Tells what `extract` with the same options would compute and why; changes nothing.
 *
 * @throws UserError as `extract` does for the data folder and the weights
 */
export async function explainExtract(options: ExtractOptions): Promise<Explanation> {
  const { files = nodeFiles } = options;
  const list = await listInputs(options);
  const folder = featureFolder(options);
  const network = await options.network();
  const preprocessing = choosePreprocessing(options.preprocessing, network.resize);
  const { fields } = writerSettings({ ...options, files, network, preprocessing }, list.root);
  return explain({
    files,
    folder,
    list,
    fields,
    replace: options.replace === true,
    rehash: options.rehash === true,
    rowShape: async () => {
      const backbone = await network.open(preprocessing, options.tap);
      await backbone.close();
      return pooledShape(backbone.tap.shape, options.pool);
    },
  });
}

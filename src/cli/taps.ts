import { openNetwork } from '../extract/backbone/open-backbone.ts';
import { defaultCrop, listTaps } from '../extract/backbone/taps.ts';
import { loadWeights, notDownloaded } from '../extract/weights/load-weights.ts';
import { textTable } from '../report/text-table.ts';
import { number, text } from './options.ts';
import { statusLine } from './status-line.ts';
import type { Options, Session, Verb } from './verb.ts';

export const tapsVerb: Verb = {
  options: (yargs) =>
    yargs
      .option('weights', {
        type: 'string',
        describe: 'known name, .safetensors, .pth or .onnx file, or random [resnet50]',
      })
      .option('weights-key', { type: 'string', describe: 'which state dict of a checkpoint [the usual one]' })
      .option('crop', { type: 'string', describe: `side of the square input in pixels [${defaultCrop}]` }),
  run: async (options: Options, session: Session): Promise<number> => {
    const asked = number(options, 'crop', { whole: true, min: 1, max: 10_000 });
    const status = statusLine(session);
    const named = text(options, 'weights', 'resnet50');
    // Names and shapes are those of the architecture: they are worth no download.
    const absent = notDownloaded(named);
    const weights = await loadWeights(absent === undefined ? named : 'random', {
      key: text(options, 'weights-key'),
      signal: session.signal,
      onProgress: ({ url, receivedBytes }) => status.show(`${url}: ${Math.round(receivedBytes / 1e6)} MB`),
    });
    status.clear();
    const network = openNetwork(weights, asked ?? defaultCrop);
    const crop = asked ?? network.input.crop ?? defaultCrop;
    const taps = await listTaps(network, crop);
    const source = absent === undefined ? network.source : named;
    session.printJson({ architecture: network.architecture, weights: source, crop, taps });
    session.print(`${network.architecture} from ${source}, one image of ${crop} x ${crop} pixels`);
    const rows = taps.map(({ name, tensor, shape }) => [name, `[${shape.join(', ')}]`, name === tensor ? '' : tensor]);
    const columns = ['--tap', 'shape', 'tensor'].map((title) => ({ title, align: 'left' }) as const);
    for (const line of textTable(columns, rows)) session.print(line);
    return 0;
  },
};

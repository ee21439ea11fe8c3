import { UserError, usageError } from '../../system/errors.ts';
import type { FitContext } from '../model.ts';
import type { NetworkTail, TailBlock } from './network/tail.ts';

/** Commands for fine-tuning where nothing is known of the images. */
export const extractedMaps =
  'featuretap extract --data FOLDER --name maps --tap layer3 --pool none --dtype float16\nthen: featuretap classify --features cache/maps --model finetune';

/** The layers after the tap of the rows. @throws UserError if there are none, or the rows are not its feature maps */
export async function tailOf({ networkTail }: FitContext, dims: number): Promise<NetworkTail> {
  if (networkTail === undefined) {
    throw new UserError({
      what: 'fine-tuning needs the network behind the features',
      found: 'rows that do not say which network they come from',
      expected: 'whole maps of a ResNet, as extract makes them',
      fix: extractedMaps,
    });
  }
  const tail = await networkTail();
  const [channels, height, width] = tail.mapShape;
  if (channels * height * width === dims) return tail;
  throw new UserError({
    what: 'the rows are not the maps that the network takes',
    found: `${dims} numbers in a row`,
    expected: `${channels} x ${height} x ${width} of ${tail.tap}`,
  });
}

/**
 * Number of blocks after the tap that are not trained.
 *
 * @param from `tap`; a layer, after which training starts; or the first trained block
 * @throws a usage UserError if that is not after the tap
 */
export function frozenBlocks({ blocks, tap }: NetworkTail, from: string): number {
  const at = from === 'tap' || from === tap ? 0 : placeOf(from, blocks);
  if (at >= 0 && at < blocks.length) return at;
  throw usageError(
    'from',
    `${from}, with maps of ${tap}`,
    `a block behind them: ${blocks.map(({ name }) => name).join(', ') || 'there is none'}; extract --tap keeps the maps of an earlier layer`,
    { value: blocks.length === 0 ? null : 'tap' },
  );
}

function placeOf(from: string, blocks: readonly TailBlock[]): number {
  if (from.includes('.')) return blocks.findIndex(({ name }) => name === from);
  const last = blocks.findLastIndex(({ name }) => name.startsWith(`${from}.`));
  // A layer's output is that of its last block: training starts after it.
  const next = `layer${Number(from.slice('layer'.length)) + 1}.0`;
  return last < 0 && blocks[0]?.name !== next ? -1 : last + 1;
}

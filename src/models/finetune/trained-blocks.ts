import { UserError, usageError } from '../../system/errors.ts';
import type { FitContext } from '../model.ts';
import type { NetworkTail, TailBlock } from './network/tail.ts';

/**
 * The network behind the tap that the rows come from.
 *
 * @param dims numbers of a row
 * @throws UserError if there is none, or its maps are not what the rows hold
 */
export async function tailOf({ networkTail }: FitContext, dims: number): Promise<NetworkTail> {
  if (networkTail === undefined) {
    throw new UserError({
      what: 'fine-tuning needs the network behind the features',
      found: 'rows that do not say which network they come from',
      expected: 'whole maps of a ResNet, as extract makes them',
      fix: 'featuretap extract --tap layer3 --pool none --dtype float16, then classify --model finetune on its feature set',
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
 * How many blocks behind the tap are run and not trained.
 *
 * @param from `tap`; a layer, behind whose last block training starts; or the first block that is trained
 * @throws a usage UserError if that is no place behind the tap
 */
export function frozenBlocks({ blocks, tap }: NetworkTail, from: string): number {
  const at = from === 'tap' || from === tap ? 0 : placeOf(from, blocks);
  if (at >= 0 && at < blocks.length) return at;
  throw usageError(
    'from',
    `${from}, with maps of ${tap}`,
    `a block behind them: ${blocks.map(({ name }) => name).join(', ') || 'there is none'}`,
    `extract --tap ${from.includes('.') ? 'layer3' : from} --pool none --dtype float16 keeps the maps before it`,
  );
}

function placeOf(from: string, blocks: readonly TailBlock[]): number {
  if (from.includes('.')) return blocks.findIndex(({ name }) => name === from);
  const last = blocks.findLastIndex(({ name }) => name.startsWith(`${from}.`));
  // Maps of a layer's last block are those of the layer: the next one begins behind them.
  const next = `layer${Number(from.slice('layer'.length)) + 1}.0`;
  return last < 0 && blocks[0]?.name !== next ? -1 : last + 1;
}

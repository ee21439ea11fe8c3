import type { AskedExtract } from '../../extract/asked-extract.ts';
import { type LoadedNetwork, loadNetwork } from '../../extract/network-source.ts';
import type { OnProgress } from '../../system/progress.ts';
import type { Session } from '../verb.ts';

/**
 * Loads the requested weights, downloads them if necessary, and prints their warnings.
 *
 * @throws UserError if they are not usable
 */
export async function loadAskedNetwork(
  { plan, policy, sets }: AskedExtract,
  session: Session,
  onProgress: OnProgress,
  offline = false,
): Promise<LoadedNetwork> {
  const { engine, device, seed, variant } = plan;
  const network = await loadNetwork(plan.weights, {
    engine,
    device,
    seed,
    key: plan.weightsKey,
    variant,
    offline,
    readings: sets,
    threads: policy.threads,
    signal: session.signal,
    onNote: session.note,
    onProgress,
  });
  for (const warning of network.warnings) session.warn(warning);
  if (network.isRandom) session.warn('random weights: accuracies say nothing about pretrained features');
  return network;
}

import { askedExtract } from '../extract/asked-extract.ts';
import { type ExtractResult, extract as extractPlanned } from '../extract/extract.ts';
import { loadNetwork } from '../extract/network-source.ts';
import { extractOptions, type GivenExtract, wholeSetOptions } from '../extract/options.ts';
import type { ExtractContext } from '../extract/plan.ts';
import type { Pool } from '../features/manifest/manifest.ts';
import { readOptions } from '../system/options.ts';
import { programVersion } from '../system/version.ts';

/** Options of `extract`: those of the command line, by the same names (`skipUnreadable`) and defaults. */
export interface ExtractOptions
  extends Omit<GivenExtract, 'tap' | 'pool'>,
    Pick<ExtractContext, 'signal' | 'onProgress' | 'onNote' | 'onWarning'> {
  readonly tap?: string | undefined;
  readonly pool?: Pool | undefined;
}

/**
 * Computes features of a folder's images with a frozen network and writes them as a feature set. Images that the set
 * already holds are skipped.
 *
 * @throws UserError naming the file or option; rows computed so far are on disk, and the next call continues there
 */
export function extract({ signal, onProgress, onNote, onWarning, ...given }: ExtractOptions): Promise<ExtractResult> {
  const values = readOptions({ ...extractOptions, ...wholeSetOptions }, { ...given }, 'program');
  const { plan, policy } = askedExtract(values);
  const { weights, weightsKey, engine, device, seed, variant, tap, pool } = plan;
  const heard = {
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    ...(onNote && { onNote }),
    ...(onWarning && { onWarning }),
  };
  return extractPlanned({
    plan,
    policy,
    context: {
      ...heard,
      network: async () => {
        const what = { key: weightsKey, variant, readings: [{ tap, pool }] };
        const { threads } = policy;
        const network = await loadNetwork(weights, { engine, device, seed, threads, ...what, ...heard });
        for (const warning of network.warnings) onWarning?.(warning);
        return network;
      },
      command: `featuretap extract --data ${plan.data}`,
      version: programVersion(),
    },
  });
}

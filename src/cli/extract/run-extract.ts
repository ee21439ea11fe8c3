import { extractPart } from '../../cluster/part/extract-part.ts';
import { type Part, parsePart } from '../../cluster/records/part.ts';
import type { Explanation } from '../../extract/explain/explain.ts';
import { explainExtract } from '../../extract/explain/explain-extract.ts';
import { extractSeveral } from '../../extract/extract.ts';
import type { LoadedNetwork } from '../../extract/network-source.ts';
import type { ExtractContext } from '../../extract/plan.ts';
import { usageError } from '../../system/errors.ts';
import { programVersion } from '../../system/version.ts';
import { flag, text } from '../options.ts';
import { openProgress } from '../progress-bar.ts';
import type { Options, Session } from '../verb.ts';
import { loadAskedNetwork } from './asked-network.ts';
import { readExtractOptions } from './extract-options.ts';
import { printExplanations, printResults } from './extract-output.ts';
import { nextStep } from './next-step.ts';
import { printPart } from './part-output.ts';

/** What `extract` does once its options are declared: loaded only where it is done. */
export async function runExtract(options: Options, session: Session): Promise<number> {
  const part = readPart(options);
  const asked = readExtractOptions(options, part === undefined);
  const progress = openProgress(session);
  let network: LoadedNetwork | undefined;
  const context: ExtractContext = {
    network: async () => {
      network = await loadAskedNetwork(asked, session, progress.onProgress, flag(options, 'explain'));
      return network;
    },
    command: session.command,
    version: programVersion(),
    signal: session.signal,
    onProgress: progress.onProgress,
    onNote: session.note,
    onWarning: session.warn,
  };
  const request = { ...asked, context };
  try {
    if (flag(options, 'explain')) {
      const explanations: Explanation[] = [];
      for (const set of asked.sets) {
        explanations.push(await explainExtract({ ...request, plan: { ...request.plan, ...set } }));
      }
      progress.close();
      printExplanations(explanations, session);
      return 0;
    }
    if (part !== undefined) {
      const done = await extractPart(part, request);
      progress.close();
      printPart(done, session);
      return 0;
    }
    const results = await extractSeveral(request, asked.sets);
    progress.close();
    const next = await nextStep(results);
    printResults(results, network?.isRandom === true, asked.policy.threads, next, session);
    return 0;
  } finally {
    progress.close();
  }
}

function readPart(options: Options): Part | undefined {
  const value = text(options, 'part');
  if (value === undefined) return undefined;
  for (const name of ['explain', 'prune']) {
    if (flag(options, name)) throw usageError('--part', `together with --${name}`, `--${name} for a whole set`);
  }
  return parsePart(value, process.env);
}

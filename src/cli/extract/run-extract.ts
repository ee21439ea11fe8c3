import { extractPart, type PartResult } from '../../cluster/part/extract-part.ts';
import { type Part, parsePart } from '../../cluster/records/part.ts';
import { askedExtract } from '../../extract/asked-extract.ts';
import type { Explanation } from '../../extract/explain/explain.ts';
import { explainExtract } from '../../extract/explain/explain-extract.ts';
import { extractSeveral } from '../../extract/extract.ts';
import type { LoadedNetwork } from '../../extract/network-source.ts';
import type { ExtractValues } from '../../extract/options.ts';
import type { ExtractContext } from '../../extract/plan.ts';
import { usageError } from '../../system/errors.ts';
import { counted } from '../../system/printable.ts';
import { shortPath } from '../../system/short-path.ts';
import { programVersion } from '../../system/version.ts';
import { formatSeconds, openProgress } from '../progress-bar.ts';
import type { Session } from '../verb.ts';
import { loadAskedNetwork } from './asked-network.ts';
import { printExplanations, printResults } from './extract-output.ts';
import { nextStep } from './next-step.ts';

type RunValues = ExtractValues & { readonly explain: boolean; readonly part: string | undefined };

/** Runs `extract`; a module of its own, so that `--help` does not load it. */
export async function runExtract(values: RunValues, session: Session): Promise<number> {
  const part = partOf(values);
  const asked = askedExtract(values, part === undefined);
  const progress = openProgress(session);
  let network: LoadedNetwork | undefined;
  const context: ExtractContext = {
    network: async () => {
      network = await loadAskedNetwork(asked, session, progress.onProgress, values.explain);
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
    if (values.explain) {
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

function partOf(values: RunValues): Part | undefined {
  if (values.part === undefined) return undefined;
  for (const name of ['explain', 'prune'] as const) {
    if (values[name] === true) throw usageError('--part', `together with --${name}`, `--${name} for a whole set`);
  }
  return parsePart(values.part, process.env);
}

/** The summary of `extract --part`. */
function printPart(result: PartResult, session: Session): void {
  const { part, set, record, newImages, resumedImages, wasComplete, seconds } = result;
  const { counts, fingerprint } = record;
  const inputs = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const imagesPerSecond = newImages === 0 ? 0 : newImages / seconds.total;
  session.printJson({
    featureSet: set,
    part,
    complete: true,
    wasComplete,
    fingerprint,
    inputs,
    counts,
    newImages,
    resumedImages,
    imagesPerSecond,
    seconds,
  });
  const name = `${shortPath(set)}, part ${part.index} of ${part.count}`;
  if (wasComplete) {
    session.print(`${name}: already complete, nothing changed: ${counted(inputs, 'input')}`);
    return;
  }
  const stopped = resumedImages === 0 ? '' : `, ${resumedImages} from the interrupted run`;
  const without = Object.entries(counts).filter(([outcome, count]) => outcome !== 'kept' && count > 0);
  const faults = without.map(([outcome, count]) => `, ${count} ${outcome}`).join('');
  session.print(`${name}: complete: ${counted(inputs, 'input')}, ${newImages} new${stopped}${faults}`);
  if (newImages > 0) session.print(`${formatSeconds(seconds.total)}, ${imagesPerSecond.toFixed(1)} images/s`);
}

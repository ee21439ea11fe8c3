import type { PartResult } from '../../cluster/part/extract-part.ts';
import { shortPath } from '../../system/short-path.ts';
import { formatSeconds } from '../progress-bar.ts';
import type { Session } from '../verb.ts';

/** The summary of `extract --part`. */
export function printPart(result: PartResult, session: Session): void {
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
    session.print(`${name}: already complete, nothing changed: ${inputs} inputs`);
    return;
  }
  const stopped = resumedImages === 0 ? '' : `, ${resumedImages} from the interrupted run`;
  const without = Object.entries(counts).filter(([outcome, count]) => outcome !== 'kept' && count > 0);
  const faults = without.map(([outcome, count]) => `, ${count} ${outcome}`).join('');
  session.print(`${name}: complete: ${inputs} inputs, ${newImages} new${stopped}${faults}`);
  if (newImages > 0) session.print(`${formatSeconds(seconds.total)}, ${imagesPerSecond.toFixed(1)} images/s`);
}

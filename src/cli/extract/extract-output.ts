import { usableCores } from '../../extract/backbone/cores.ts';
import type { Explanation } from '../../extract/explain/explain.ts';
import type { ExtractResult } from '../../extract/extract.ts';
import type { ImageList } from '../../extract/images/list/image-file.ts';
import { countLeftOut, describeCount, type LeftOutCount } from '../../extract/images/list/left-out.ts';
import { stepShares } from '../../extract/stopwatch.ts';
import { type Manifest, type OutcomeCounts, rowLength } from '../../features/manifest/manifest.ts';
import { bytesPerNumber } from '../../formats/npy/npy.ts';
import { formatBytes } from '../../system/durable.ts';
import { shortPath } from '../../system/short-path.ts';
import { formatSeconds } from '../progress-bar.ts';
import type { Session } from '../verb.ts';
import type { NextStep } from './next-step.ts';

/** What `--explain` found. */
export function printExplanation(explanation: Explanation, session: Session): void {
  const { folder, reading, leftOut, reasons, toCompute, kept, copies, seconds, speed, bytes } = explanation;
  session.printJson({ featureSet: folder, ...explanation });
  const shared = copies === 0 ? '' : `, ${copies} duplicate`;
  session.print(
    `${shortPath(folder)}: ${toCompute} image${toCompute === 1 ? '' : 's'} to compute, ${kept} kept${shared}`,
  );
  for (const line of [...reading, ...describeLeftOut(leftOut, ''), ...reasons]) session.print(`  ${line}`);
  if (toCompute === 0) return;
  const parts = [
    seconds === undefined || speed === undefined
      ? 'no speed of such a run was measured yet'
      : `about ${formatSeconds(seconds)} at the last speed (${(speed.images / speed.seconds).toFixed(1)} images/s on ${speed.device})`,
    bytes === undefined ? 'bytes unknown before the weights are here' : `${formatBytes(bytes)} of rows`,
  ];
  session.print(`  ${parts.join(', ')}`);
}

/** The summary of a run: counts that add up, where the time went, and what to type next. */
export function printResult(
  result: ExtractResult,
  isRandom: boolean,
  threads: number | undefined,
  next: NextStep,
  session: Session,
): void {
  const { manifest, seconds, newImages, keptImages, resumedImages, list } = result;
  const { counts, fields, rowShape, rowCount } = manifest;
  const shares = stepShares(seconds, threads ?? usableCores());
  const imagesPerSecond = newImages === 0 ? 0 : newImages / seconds.total;
  session.printJson({
    featureSet: result.folder,
    fingerprint: manifest.fingerprint,
    newImages,
    keptImages,
    resumedImages,
    counts,
    reading: list.reading,
    leftOut: summarizeLeftOut(list),
    rowCount,
    rowShape,
    dtype: fields.dtype,
    randomWeights: isRandom,
    imagesPerSecond,
    seconds,
    shares: Object.fromEntries(shares),
    next: next.command,
  });
  session.print(describeSet(result.folder, manifest));
  const stopped = resumedImages === 0 ? '' : ` (${resumedImages} from the run that was stopped)`;
  for (const line of list.reading) session.print(line);
  session.print(`${newImages} new, ${keptImages} kept${stopped}; ${describeCounts(counts)}`);
  for (const line of describeLeftOut(countLeftOut(list.leftOut))) session.print(line);
  if (newImages > 0) {
    const parts = shares.map(([step, share]) => `${step} ${Math.round(share * 100)} %`);
    session.print(`${formatSeconds(seconds.total)}, ${imagesPerSecond.toFixed(1)} images/s: ${parts.join(', ')}`);
    session.print(`what would help: ${describeHelp(shares, manifest)}`);
  } else session.print('nothing to compute: the network did not run');
  if (next.note !== undefined) session.print(next.note);
  session.print(`next: ${next.command}`);
}

/** What a set is: one line. */
export function describeSet(folder: string, { rowCount, rowShape, fields, counts, madeBy }: Manifest): string {
  const bytes = rowCount * rowLength(rowShape) * bytesPerNumber(fields.dtype);
  return (
    `${shortPath(folder)}: ${counts.kept} images, [${rowShape.join(', ')}] ${fields.dtype} each, ${formatBytes(bytes)}; ` +
    `${fields.architecture} from ${madeBy.weights}, ${fields.tap}, ${fields.pool}`
  );
}

/** What makes the largest step shorter. */
function describeHelp(shares: ReturnType<typeof stepShares>, { fields, madeBy }: Manifest): string {
  const [[largest] = ['backbone']] = shares;
  if (largest === 'write') return 'a faster disk for --cache, or --dtype float16';
  if (largest === 'read') return 'images on a faster disk';
  if (largest !== 'backbone') return 'more cores: images are decoded on all of them, beside the network';
  if (madeBy.device !== 'cpu') return 'a faster GPU: the network is the largest step';
  // int8 is made of a ResNet's state dict.
  return fields.precision === 'float32' && madeBy.weightsFile?.endsWith('.onnx') !== true
    ? '--precision int8 (featuretap says how close its features are before it starts), a GPU, or more cores'
    : 'a GPU, or more cores: the network is the largest step';
}

export function describeCounts({ duplicate, missing, unreadable, failed, total }: OutcomeCounts): string {
  const without = Object.entries({ duplicate, missing, unreadable, failed }).filter(([, count]) => count > 0);
  if (without.length === 0) return `${total} inputs, each with its row`;
  const parts = without.map(([outcome, count]) => `${count} ${outcome}`);
  return `${parts.join(', ')}; ${total} inputs (outcomes.csv says which and why)`;
}

/** Files of the data folder that are no inputs, for `--json`. */
function summarizeLeftOut({ leftOut }: ImageList): object {
  const ofKind = (kind: 'unnamed' | 'unlabelled'): number => leftOut.filter((file) => file.kind === kind).length;
  return {
    total: leftOut.length,
    unnamed: ofKind('unnamed'),
    unlabelled: ofKind('unlabelled'),
    rules: countLeftOut(leftOut).map(({ group, count }) => ({ rule: group, count })),
  };
}

/** The same as lines: images first, each rule with a line of its own, then all others in one. */
export function describeLeftOut(
  counts: readonly LeftOutCount[],
  where = '; outcomes.csv says which',
): readonly string[] {
  const [images, others] = [true, false].map((wanted) =>
    counts.filter(({ group }) => group.startsWith('images ') === wanted).map(describeCount),
  ) as [string[], string[]];
  const lines = images.map((line) => `left out: ${line}`);
  if (others.length > 0) lines.push(`left out: ${others.join(', ')}${where}`);
  return lines;
}

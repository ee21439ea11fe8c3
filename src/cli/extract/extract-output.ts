import { usableCores } from '../../extract/backbone/processor.ts';
import type { Explanation } from '../../extract/explain/explain.ts';
import type { ExtractResult } from '../../extract/extract.ts';
import type { ImageList } from '../../extract/images/list/image-file.ts';
import { countLeftOut, describeCount, type LeftOutCount } from '../../extract/images/list/left-out.ts';
import { stepShares } from '../../extract/stopwatch.ts';
import { type Manifest, type OutcomeCounts, rowLength } from '../../features/manifest/manifest.ts';
import { bytesPerNumber } from '../../formats/npy/npy.ts';
import { formatBytes } from '../../system/durable.ts';
import { counted } from '../../system/printable.ts';
import { shortPath } from '../../system/short-path.ts';
import { formatSeconds } from '../progress-bar.ts';
import type { Session } from '../verb.ts';
import type { NextStep } from './next-step.ts';

/** A shorter run needs no advice on how to speed it up. */
const longRunSeconds = 60;

/** Prints the result of `--explain` for each set. */
export function printExplanations(explanations: readonly Explanation[], session: Session): void {
  printOneOrAll(
    explanations.map((explanation) => ({ featureSet: explanation.folder, ...explanation })),
    session,
  );
  for (const explanation of explanations) printExplanation(explanation, session);
}

function printExplanation(explanation: Explanation, session: Session): void {
  const { folder, reading, leftOut, reasons, preprocessing, toCompute, kept, copies, seconds, speed, bytes } =
    explanation;
  const shared = copies === 0 ? '' : `, ${copies} duplicate`;
  session.print(
    `${shortPath(folder)}: ${toCompute} image${toCompute === 1 ? '' : 's'} to compute, ${kept} kept${shared}`,
  );
  for (const line of [...reading, ...describeLeftOut(leftOut, ''), ...reasons]) session.print(`  ${line}`);
  if (toCompute === 0) return;
  session.print(`  images: ${preprocessing}`);
  const parts = [
    seconds === undefined || speed === undefined
      ? 'the speed of such a run has not been measured yet'
      : `about ${formatSeconds(seconds)} at the last speed (${(speed.images / speed.seconds).toFixed(1)} images/s on ${speed.device})`,
    bytes === undefined ? 'size unknown until the weights are downloaded' : `${formatBytes(bytes)} of rows`,
  ];
  session.print(`  ${parts.join(', ')}`);
}

/** Prints the JSON document of one set, or of several. */
function printOneOrAll(documents: readonly object[], session: Session): void {
  session.printJson(documents.length === 1 ? documents[0] : { featureSets: documents });
}

/** Prints the summary of a run: counts, time by step, and the next command. */
export function printResults(
  results: readonly [ExtractResult, ...ExtractResult[]],
  isRandom: boolean,
  threads: number | undefined,
  next: NextStep,
  session: Session,
): void {
  // All sets share one run; the last one's seconds are complete.
  const seconds = (results.at(-1) ?? results[0]).seconds;
  const shares = stepShares(seconds, threads ?? usableCores());
  const newImages = Math.max(...results.map((result) => result.newImages));
  const imagesPerSecond = newImages === 0 ? 0 : newImages / seconds.total;
  const run = {
    randomWeights: isRandom,
    imagesPerSecond,
    seconds,
    shares: Object.fromEntries(shares),
    next: next.command,
  };
  printOneOrAll(
    results.map((result) => ({ ...describeForJson(result), ...run })),
    session,
  );
  const [{ list, manifest }] = results;
  for (const result of results) session.print(describeSet(result.folder, result.manifest));
  for (const line of list.reading) session.print(line);
  for (const line of new Set(results.map(describeImages))) session.print(line);
  for (const line of describeLeftOut(countLeftOut(list.leftOut))) session.print(line);
  if (newImages > 0) {
    const parts = shares.map(([step, share]) => `${step} ${Math.round(share * 100)} %`);
    session.print(`${formatSeconds(seconds.total)}, ${imagesPerSecond.toFixed(1)} images/s: ${parts.join(', ')}`);
    if (seconds.total >= longRunSeconds) session.print(`what would help: ${describeHelp(shares, manifest)}`);
  } else session.print('nothing to compute: the network did not run');
  if (next.note !== undefined) session.print(next.note);
  session.print(`next: ${next.command}`);
}

function describeForJson({ folder, manifest, newImages, keptImages, resumedImages, list }: ExtractResult): object {
  const { fingerprint, counts, rowCount, rowShape, fields } = manifest;
  return {
    featureSet: folder,
    fingerprint,
    newImages,
    keptImages,
    resumedImages,
    counts,
    reading: list.reading,
    leftOut: summarizeLeftOut(list),
    rowCount,
    rowShape,
    dtype: fields.dtype,
  };
}

function describeImages({ manifest, newImages, keptImages, resumedImages }: ExtractResult): string {
  const stopped = resumedImages === 0 ? '' : ` (${resumedImages} from the interrupted run)`;
  return `${newImages} new, ${keptImages} kept${stopped}; ${describeCounts(manifest.counts)}`;
}

/** One line about a set. */
export function describeSet(folder: string, { rowCount, rowShape, fields, counts, madeBy }: Manifest): string {
  const bytes = rowCount * rowLength(rowShape) * bytesPerNumber(fields.dtype);
  return (
    `${shortPath(folder)}: ${counted(counts.kept, 'image')}, [${rowShape.join(', ')}] ${fields.dtype} each, ${formatBytes(bytes)}; ` +
    `${fields.architecture} from ${madeBy.weights}, ${fields.tap}, ${fields.pool}`
  );
}

/** What would shorten the largest step. */
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
  if (without.length === 0) return `${counted(total, 'input')}, each with its row`;
  const parts = without.map(([outcome, count]) => `${count} ${outcome}`);
  return `${parts.join(', ')}; ${counted(total, 'input')} (outcomes.csv says which and why)`;
}

/** Files of the data folder that are not inputs, for `--json`. */
function summarizeLeftOut({ leftOut }: ImageList): object {
  const ofKind = (kind: 'unnamed' | 'unlabelled'): number => leftOut.filter((file) => file.kind === kind).length;
  return {
    total: leftOut.length,
    unnamed: ofKind('unnamed'),
    unlabelled: ofKind('unlabelled'),
    rules: countLeftOut(leftOut).map(({ group, count }) => ({ rule: group, count })),
  };
}

/** The same as lines: one per rule for images, then one for all other files. */
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

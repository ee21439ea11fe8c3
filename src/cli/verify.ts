import { resolve } from 'node:path';
import { chosenFeatureSet } from '../classify/choose-features.ts';
import { loadNetwork } from '../extract/network-source.ts';
import { extractOptions } from '../extract/options.ts';
import { type Repair, repairFeatureSet } from '../extract/repair/repair.ts';
import { recordedWeights } from '../extract/weights/recorded-weights.ts';
import type { Manifest } from '../features/manifest/manifest.ts';
import type { Problem } from '../features/repair/problem.ts';
import { type Verification, verifyFeatureSet } from '../features/repair/verify.ts';
import { formatBytes } from '../system/durable.ts';
import { usageError } from '../system/errors.ts';
import { nodeFiles } from '../system/files.ts';
import { ownCommand } from '../system/own-command.ts';
import { counted } from '../system/printable.ts';
import { openProgress } from './progress-bar.ts';
import { onePath } from './retyped.ts';
import { defineVerb, type Session, type Verb } from './verb.ts';

/** Problems printed; the rest is counted. */
const shownProblems = 20;

/** Checks a whole feature set, and repairs it on request. */
export const verifyVerb: Verb = defineVerb({
  options: {
    features: { describe: 'folder of the feature set: cache/NAME', text: true, list: 'whole', positional: true },
    repair: { describe: 'compute damaged rows again from their images', flag: true },
    weights: { describe: 'for --repair: new location of the weights', text: true, unset: 'as recorded' },
    data: { describe: 'for --repair: new location of the images', text: true, unset: 'as recorded' },
    batch: { ...extractOptions.batch, describe: `for --repair: ${extractOptions.batch.describe}` },
    threads: { ...extractOptions.threads, describe: 'for --repair: threads' },
  },
  run: async ({ features: given, repair, weights, data, batch, threads }, session) => {
    const named = onePath(given, session);
    if (named === undefined) {
      const newest = await chosenFeatureSet(undefined, 'cache', () => undefined);
      throw usageError('--features', 'nothing', 'a feature set', { value: newest });
    }
    const features = await chosenFeatureSet(named, 'cache', session.note);
    const folder = resolve(features);
    const progress = openProgress(session);
    const verification = await verifyFeatureSet(folder, nodeFiles, (done, total) =>
      progress.onProgress({ stage: 'verify', unit: 'bytes', done, total }),
    ).finally(progress.close);
    if (verification.problems.length === 0 || !repair) {
      report(verification, undefined, session);
      if (verification.problems.length === 0) return 0;
      session.note(`repair it: ${ownCommand('verify', ['--features', features, '--repair'])}`);
      return 1;
    }
    for (const line of describeProblems(verification.problems)) session.note(line);
    const repaired = await repairFeatureSet(folder, {
      threads,
      network: (manifest: Manifest) => {
        const { madeBy } = manifest;
        const { spec, options: which } = recordedWeights(madeBy, weights);
        return loadNetwork(spec, {
          threads,
          ...which,
          device: 'cpu',
          signal: session.signal,
          onProgress: progress.onProgress,
        });
      },
      data: data && resolve(data),
      batch,
      command: session.command,
      signal: session.signal,
      onProgress: progress.onProgress,
    }).finally(progress.close);
    report(repaired.after, repaired, session);
    return repaired.after.problems.length === 0 ? 0 : 1;
  },
});

function report(verification: Verification, repair: Repair | undefined, session: Session): void {
  const { folder, problems, checkedRows, checkedBytes, manifest } = verification;
  session.printJson({
    featureSet: folder,
    fingerprint: manifest?.fingerprint,
    whole: problems.length === 0,
    checkedRows,
    checkedBytes,
    problems,
    ...(repair === undefined
      ? {}
      : { repair: { restored: repair.restored, recomputed: repair.recomputed, dropped: repair.dropped } }),
  });
  if (repair !== undefined) {
    for (const file of repair.restored) session.print(`${file}: restored from its backup`);
    session.print(`images recomputed: ${repair.recomputed}; moved to outcomes.csv: ${repair.dropped.length}`);
    for (const { id, reason } of repair.dropped) session.print(`  ${id}: ${reason}`);
  }
  for (const line of describeProblems(problems)) session.print(line);
  const checked = `${counted(checkedRows, 'row')}, ${formatBytes(checkedBytes)}`;
  session.print(
    problems.length === 0
      ? `${folder}: whole (${checked}, index, labels and outcomes agree)`
      : `${folder}: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} (${checked} read)`,
  );
}

function describeProblems(problems: readonly Problem[]): readonly string[] {
  const lines = problems.slice(0, shownProblems).map(({ file, what, rows }) => {
    if (rows === undefined) return `${file}: ${what}`;
    const [first, end] = rows;
    return `${file}, ${end - first === 1 ? `row ${first}` : `rows ${first} to ${end - 1}`}: ${what}`;
  });
  if (problems.length > shownProblems) lines.push(`and ${problems.length - shownProblems} more`);
  return lines;
}

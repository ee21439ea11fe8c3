import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { chosenFeatureSet } from '../../classify/choose-features.ts';
import { readLabels } from '../../classify/data/labels-file.ts';
import { type FeatureSet, openFeatureSet } from '../../features/reader.ts';
import { bestHead } from '../../predict/propose-heads.ts';
import { readCorrections } from '../../relabel/corrections.ts';
import { type Relabelled, type RelabelOptions, relabel } from '../../relabel/relabel.ts';
import { labelsTarget } from '../../relabel/target.ts';
import { readReport } from '../../report/read-report.ts';
import { suspectsFile } from '../../report/suspects-list.ts';
import { usageError } from '../../system/errors.ts';
import { ownCommand } from '../../system/own-command.ts';
import { counted, printableLine } from '../../system/printable.ts';
import { shortPath } from '../../system/short-path.ts';
import { retyped } from '../retyped.ts';
import type { Session } from '../verb.ts';
import type { RelabelValues } from './relabel.ts';

/** Changes printed; `--json` has all. */
const mostListed = 40;

/** Runs `relabel`; a module of its own, so that `--help` does not load it. */
export async function runRelabel(asked: RelabelValues, session: Session): Promise<number> {
  const { corrections: list, newLabels, write } = asked;
  if (list === undefined) {
    const head = await bestHead();
    const ofBest = head && join(head, suspectsFile);
    const fix =
      ofBest !== undefined && existsSync(ofBest)
        ? retyped([...session.args, ofBest])
        : ownCommand('classify', ['--model', 'all', '--check-labels']);
    throw usageError('the list of corrections', 'nothing', 'labels-to-check.csv of a report, looked through', fix);
  }
  const corrections = await readCorrections(list);
  const { set, ...target } = await askedTarget(asked, session);
  const done = await relabel(corrections, {
    ...target,
    isId: set && ((cell) => set.rowOf(cell) !== undefined),
    newLabels,
    write,
  });
  tell(done, set, session);
  return 0;
}

async function askedTarget(
  { corrections = '', labels, to, features, idColumn, labelColumn }: RelabelValues,
  session: Session,
): Promise<Pick<RelabelOptions, 'path' | 'base' | 'columns'> & { readonly set?: FeatureSet }> {
  if (labels !== undefined && features !== undefined) {
    throw usageError('--labels', 'given with --features', 'one of the two');
  }
  const columns = { idColumn, labelColumn };
  if (labels !== undefined) {
    if (to === undefined) return { path: labels, columns };
    return { path: to, base: (await readLabels(labels, columns)).labels };
  }
  const set = await openFeatureSet(
    await chosenFeatureSet(features ?? (await reportedFeatures(corrections)), 'cache', session.note),
  );
  if (to !== undefined) return { set, path: to, base: set.labels };
  const target = await labelsTarget(set, `${basename(set.folder)}-labels.csv`, session.signal);
  if (target.because === undefined) return { set, path: target.path, columns };
  session.note(`${target.because}: corrected labels go to ${shortPath(target.path)}, and no photo is moved`);
  return { set, path: target.path, base: set.labels };
}

/** The feature set of the report next to a list, or undefined. */
async function reportedFeatures(list: string): Promise<string | undefined> {
  const report = await readReport(join(dirname(list), 'report.json')).catch(() => undefined);
  const folder = report?.featureSet.folder;
  return folder !== undefined && existsSync(folder) ? shortPath(folder) : undefined;
}

function tell(done: Relabelled, set: FeatureSet | undefined, session: Session): void {
  const { path, reading, changes, already, labelCount, written } = done;
  session.printJson({ labels: path, changes, already, labelCount, written });
  if (reading !== undefined) session.note(reading);
  for (const { id, from, to } of changes.slice(0, mostListed)) {
    session.print(`${printableLine(id)}: ${printableLine(from)} -> ${printableLine(to)}`);
  }
  if (changes.length > mostListed) session.print(`and ${changes.length - mostListed} more`);
  const are = already === 0 ? '' : `, ${already} ${already === 1 ? 'is' : 'are'} so already`;
  const of = `${changes.length} of ${counted(labelCount, 'label')}`;
  if (changes.length === 0) {
    const why =
      already === 0
        ? 'no correction in the list'
        : already === 1
          ? 'it is applied already'
          : `all ${already} are applied already`;
    session.print(`nothing to do: ${why}`);
  } else if (written) session.print(`${of} changed in ${shortPath(path)}${are}`);
  else session.print(`${of} would change in ${shortPath(path)}${are}`);
  if (changes.length > 0 && !written) session.print(`to change them: ${retyped([...session.args, '--write'])}`);
  if (written && set !== undefined) {
    const features = ['--features', shortPath(set.folder), '--labels', shortPath(path), '--model', 'all'];
    session.print(`next: ${ownCommand('classify', features)}`);
  }
}

import { basename } from 'node:path';
import { namedFeatureSet, newestFeatureSet } from '../../classify/choose-features.ts';
import { readLabels } from '../../classify/data/labels-file.ts';
import { type FeatureSet, openFeatureSet } from '../../features/reader.ts';
import { readCorrections } from '../../relabel/corrections.ts';
import { type Relabelled, type RelabelOptions, relabel } from '../../relabel/relabel.ts';
import { labelsTarget } from '../../relabel/target.ts';
import { usageError } from '../../system/errors.ts';
import { ownCommand } from '../../system/own-command.ts';
import { printableLine } from '../../system/printable.ts';
import { shortPath } from '../../system/short-path.ts';
import { flag, text } from '../options.ts';
import { retyped } from '../retyped.ts';
import type { Options, Session } from '../verb.ts';

/** Changes that are listed; `--json` has them all. */
const mostListed = 40;

/** What `relabel` does once its options are declared: loaded only where it is done. */
export async function runRelabel(options: Options, session: Session): Promise<number> {
  const list = text(options, 'corrections');
  if (list === undefined) {
    throw usageError('the list of corrections', 'nothing', 'labels-to-check.csv of a report, looked through');
  }
  const corrections = await readCorrections(list);
  const set = text(options, 'labels') === undefined ? await askedSet(options, session) : undefined;
  const target = await askedTarget(options, set, session);
  const done = await relabel(corrections, {
    ...target,
    ...(set === undefined ? {} : { isId: (cell) => set.rowOf(cell) !== undefined }),
    newLabels: flag(options, 'new-labels'),
    write: flag(options, 'write'),
  });
  tell(done, set, session);
  return 0;
}

async function askedSet(options: Options, session: Session): Promise<FeatureSet> {
  const named = text(options, 'features');
  const folder = named === undefined ? (await newestFeatureSet('cache')).folder : await namedFeatureSet(named, 'cache');
  if (folder !== named) session.note(`features: ${shortPath(folder)}`);
  return openFeatureSet(folder);
}

async function askedTarget(
  options: Options,
  set: FeatureSet | undefined,
  session: Session,
): Promise<Pick<RelabelOptions, 'path' | 'base' | 'columns'>> {
  const [labels, to] = [text(options, 'labels'), text(options, 'to')];
  if (labels !== undefined && options['features'] !== undefined) {
    throw usageError('--labels', 'given with --features', 'one of the two');
  }
  const [idColumn, labelColumn] = [text(options, 'id-column'), text(options, 'label-column')];
  const columns = {
    ...(idColumn === undefined ? {} : { idColumn }),
    ...(labelColumn === undefined ? {} : { labelColumn }),
  };
  if (set === undefined) {
    const table = labels as string;
    if (to === undefined) return { path: table, columns };
    return { path: to, base: (await readLabels(table, columns)).labels };
  }
  if (to !== undefined) return { path: to, base: set.labels };
  const target = await labelsTarget(set, `${basename(set.folder)}-labels.csv`, session.signal);
  if (target.because === undefined) return { path: target.path, columns };
  session.note(`${target.because}: corrected labels go to ${shortPath(target.path)}, and no photo is moved`);
  return { path: target.path, base: set.labels };
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
  const of = `${changes.length} of ${labelCount} labels`;
  if (changes.length === 0) {
    const why =
      already === 0
        ? 'no correction in the list'
        : already === 1
          ? 'it is so already'
          : `all ${already} are so already`;
    session.print(`nothing to do: ${why}`);
  } else if (written) session.print(`${of} changed in ${shortPath(path)}${are}`);
  else session.print(`${of} would change in ${shortPath(path)}${are}`);
  if (changes.length > 0 && !written) session.print(`to change them: ${retyped([...session.args, '--write'])}`);
  if (written && set !== undefined) {
    const features = ['--features', shortPath(set.folder), '--labels', shortPath(path), '--model', 'all'];
    session.print(`next: ${ownCommand('classify', features)}`);
  }
}

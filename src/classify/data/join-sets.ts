import type { FeatureSet } from '../../features/reader.ts';
import type { StoredRows } from '../../rows/row-source.ts';
import { lookUp, valueAt } from '../../system/at.ts';
import { UserError, usageError } from '../../system/errors.ts';
import { counted } from '../../system/printable.ts';
import { shortPath } from '../../system/short-path.ts';
import {
  checkMissing,
  type JoinOptions,
  joinRows,
  type LabelledData,
  randomWarning,
  rowsOfSet,
} from './labelled-data.ts';

/** Images listed in a warning; the report lists all. */
const mostNamed = 5;

/**
 * Joins several feature sets with labels for a common split: keeps the images that are in every set, matched by sha256.
 * Ids, labels and their order are the first set's.
 *
 * @returns one table per set; they differ only in the features and their description
 * @throws UserError as `joinRows`, if two sets have the same fingerprint, or if no image is in all sets
 */
export function joinSets(sets: readonly FeatureSet[], options: JoinOptions): LabelledData<StoredRows>[] {
  const [first, others] = [valueAt(sets, 0), sets.slice(1)];
  checkDistinct(sets);
  const imagesOf = new Map(sets.map((set) => [set, imagesBySha256(set)]));
  const inAll = (sha256: string): boolean => sets.every((set) => imagesOf.get(set)?.has(sha256) === true);
  const leftOut = sets.map((set) => ({
    folder: set.folder,
    images: (set === first ? labelledIds(set, options) : set.ids).filter(
      (id) => !inAll(set.sha256OfRow(rowOf(set, id))),
    ),
  }));
  const joined = { ids: first.folder, leftOut };
  const table = joinRows(first, { ...options, isTaken: inAll });
  if (table.ids.length === 0) throw nothingInCommon(sets);
  const sha256s = table.ids.map((id) => first.sha256OfRow(rowOf(first, id)));
  const said = leftOut.flatMap(({ folder, images }) => describeLeftOut(folder, images));
  const rest = others.map((set): LabelledData<StoredRows> => {
    checkMissing(set, 0, options.maxMissing);
    const images = lookUp(imagesOf, set);
    const rows = Uint32Array.from(sha256s, (sha256) => valueAt(set.rows, lookUp(images, sha256)));
    const warnings = [
      ...(table.featureSet.randomWeights
        ? table.warnings.filter((warning) => warning !== randomWarning)
        : table.warnings),
      ...said,
      ...otherLabels(set, table, sha256s, images, options),
    ];
    const own = rowsOfSet(set, rows, options);
    return {
      ...table,
      ...own,
      joined,
      warnings: own.featureSet.randomWeights ? [randomWarning, ...warnings] : warnings,
    };
  });
  return [{ ...table, joined, warnings: [...table.warnings, ...said] }, ...rest];
}

/** Sets with equal fingerprints have the features of the same network, tap and preprocessing. */
function checkDistinct(sets: readonly FeatureSet[]): void {
  for (const [i, set] of sets.entries()) {
    const twin = sets.slice(0, i).find(({ manifest }) => manifest.fingerprint === set.manifest.fingerprint);
    if (twin === undefined) continue;
    throw usageError(
      '--features',
      `${shortPath(twin.folder)} and ${shortPath(set.folder)}, both with fingerprint ${set.manifest.fingerprint.slice(0, 12)}`,
      'feature sets of different networks, taps or preprocessing',
      `leave out one of the two: --features ${shortPath(twin.folder)}`,
    );
  }
}

function imagesBySha256(set: FeatureSet): ReadonlyMap<string, number> {
  return new Map(Array.from(set.rows, (_, image) => [set.sha256Of(image), image]));
}

function labelledIds(set: FeatureSet, { labels, leaveOut = [] }: JoinOptions): readonly string[] {
  const found = set.labelled(labels?.labels);
  return found.ids.filter((_, i) => !leaveOut.includes(valueAt(found.labels, i)));
}

function rowOf(set: FeatureSet, id: string): number {
  return set.rowOf(id) as number;
}

function describeLeftOut(folder: string, images: readonly string[]): readonly string[] {
  if (images.length === 0) return [];
  const are = images.length === 1 ? '1 image' : `${images.length} images`;
  return [
    `${are} of ${shortPath(folder)} ${images.length === 1 ? 'is' : 'are'} not in every feature set: left out: ${firstNames(images)}`,
  ];
}

/** Images whose labels differ between the sets; none if the labels come from a file. */
function otherLabels(
  set: FeatureSet,
  { labels, classes, featureSet }: LabelledData<StoredRows>,
  sha256s: readonly string[],
  images: ReadonlyMap<string, number>,
  options: JoinOptions,
): readonly string[] {
  if (options.labels !== undefined) return [];
  const found = sha256s.flatMap((sha256, i) => {
    const id = valueAt(set.ids, lookUp(images, sha256));
    const [used, own] = [valueAt(classes, valueAt(labels, i)), set.labels.get(id)];
    return own === undefined || own === used ? [] : [`${id}: ${own}, but ${used}`];
  });
  if (found.length === 0) return [];
  return [
    `${counted(found.length, 'label')} in ${shortPath(set.folder)} ${found.length === 1 ? 'is not that' : 'are not those'} of ${shortPath(featureSet.folder)}, whose labels are used: ${firstNames(found)}`,
  ];
}

function firstNames(names: readonly string[]): string {
  return `${names.slice(0, mostNamed).join('; ')}${names.length > mostNamed ? '; …' : ''}`;
}

function nothingInCommon(sets: readonly FeatureSet[]): UserError {
  return new UserError({
    what: 'no labelled image is in every feature set',
    where: sets.map(({ folder }) => shortPath(folder)).join(' and '),
    found: `${sets.map(({ imageCount }) => imageCount).join(' and ')} images, none with the same bytes in all and a label`,
    expected: 'feature sets of the same images',
    fix: 'featuretap extract --data FOLDER --name NAME --weights … on the same data folder for each network',
  });
}

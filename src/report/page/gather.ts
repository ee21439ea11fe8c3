import type { Report } from '../../classify/result/report.ts';
import { type FeatureSet, openFeatureSet } from '../../features/reader.ts';
import { UserError } from '../../system/errors.ts';
import { type AlikeImages, alikeImages } from '../alike/alike-images.ts';
import { headDifferences } from '../analysis/differences.ts';
import type { GroupData, MapData, PageData, RunData } from '../analysis/group-data.ts';
import { confidentMistakes, heldOutImages, suspectedLabels } from '../analysis/held-out.ts';
import { type Run, readRuns } from '../analysis/run.ts';
import type { Comparison, ReportGroup } from '../comparison.ts';
import { mapFeatures } from '../map/feature-map.ts';
import { imagesByCell } from './cells.ts';
import { makeThumbnails, type PhotoBudget, photoBudget } from './photos.ts';

/** Dots on the map: past this they cover each other, and neighbours take long to find. */
const mapRows = 2000;

export interface GatherOptions {
  readonly version: string;
  readonly photos?: PhotoBudget;
  readonly signal?: AbortSignal;
  /** Called with what is done next, which takes seconds. */
  readonly onStage?: (what: string) => void;
}

/** Collects what the page shows: answers, tests, photos and the map. What is gone is left out with a note. */
export async function gatherPage(comparison: Comparison, options: GatherOptions): Promise<PageData> {
  const groups: GroupData[] = [];
  const budget = options.photos ?? photoBudget;
  // The page is one file: its groups share the room.
  const share = {
    count: Math.ceil(budget.count / comparison.groups.length),
    bytes: budget.bytes / comparison.groups.length,
  };
  for (const group of comparison.groups) {
    options.signal?.throwIfAborted();
    groups.push(await gatherGroup(group, share, options.onStage ?? (() => {})));
  }
  return { groups, unreadable: comparison.unreadable, version: options.version };
}

async function gatherGroup(
  group: ReportGroup,
  budget: PhotoBudget,
  onStage: (what: string) => void,
): Promise<GroupData> {
  const runs = (await readRuns(group)).map(analyse);
  const report = group.reports[0] as Report;
  const notes: string[] = [];
  const without = runs.filter(({ run }) => run.predictions === undefined).map(({ run }) => run.name);
  if (without.length > 0)
    notes.push(`Without predictions.csv, so without photos and reliability: ${without.join(', ')}.`);
  const set = await openSet(report, notes);
  onStage('comparing photos with each other');
  const answers = runs.find(({ run }) => run.predictions !== undefined)?.run.predictions ?? [];
  const alike = set === undefined ? undefined : await alikeImages(set, report, answers);
  onStage('reading photos');
  const photos = set === undefined ? new Map<string, string>() : await gatherPhotos(set, runs, alike, budget, notes);
  onStage('drawing the map');
  return {
    group,
    runs,
    differences: headDifferences(runs.map(({ run }) => run)),
    map: set === undefined ? undefined : await gatherMap(set, report),
    alike,
    photos,
    notes,
  };
}

function analyse(run: Run): RunData {
  const images = heldOutImages(run.predictions ?? []);
  // A network that learned nothing disagrees with many labels: that says nothing about them.
  const trustworthy = !run.report.featureSet.randomWeights;
  return {
    run,
    images,
    mistakes: confidentMistakes(run.predictions ?? []),
    suspects: trustworthy ? suspectedLabels(images) : [],
  };
}

async function openSet(report: Report, notes: string[]): Promise<FeatureSet | undefined> {
  const { folder } = report.featureSet;
  try {
    const set = await openFeatureSet(folder);
    if (set.manifest.fingerprint === report.features) return set;
    notes.push(`The feature set in ${folder} was made anew in another way since: no photos and no map.`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    notes.push(`The feature set in ${folder} cannot be opened (${error.parts.what}): no photos and no map.`);
  }
  return undefined;
}

async function gatherPhotos(
  set: FeatureSet,
  runs: readonly RunData[],
  alike: AlikeImages | undefined,
  budget: PhotoBudget,
  notes: string[],
): Promise<ReadonlyMap<string, string>> {
  const { photos, unreadable, leftOut } = await makeThumbnails(
    wantedPhotos(runs, alike),
    set.manifest.madeBy.data,
    (id) => set.pathOf(id),
    budget,
  );
  if (unreadable > 0) notes.push(`${unreadable} photos are no longer in ${set.manifest.madeBy.data}.`);
  if (leftOut > 0) notes.push(`The page holds ${photos.size} photos; ${leftOut} more had no room.`);
  return photos;
}

/** Ids by how much they are worth seeing: suspects and mistakes that are shown at once, then those behind cells. */
function* wantedPhotos(runs: readonly RunData[], alike: AlikeImages | undefined): Generator<string> {
  for (const { mistakes, suspects } of runs) {
    for (const { id } of suspects.slice(0, 24)) yield id;
    for (const { id } of mistakes.slice(0, 24)) yield id;
  }
  for (const { ids } of alike?.pairs.slice(0, 24) ?? []) yield* ids;
  for (const { run } of runs) {
    for (const { id, trueClass, predictedClass } of run.predictions ?? []) if (trueClass !== predictedClass) yield id;
  }
  for (const { run } of runs) {
    for (const images of Object.values(imagesByCell(run))) for (const [id] of images) yield id;
  }
}

async function gatherMap(set: FeatureSet, report: Report): Promise<MapData | undefined> {
  const known = new Set(report.classes);
  const { ids, labels, rows } = set.labelled();
  const usable = [...ids.keys()].filter((i) => known.has(labels[i] as string));
  if (usable.length === 0) return undefined;
  // Evenly through the list: every class keeps its share, whatever the order.
  const count = Math.min(mapRows, usable.length);
  const chosen = Array.from({ length: count }, (_, k) => usable[Math.floor((k * usable.length) / count)] as number);
  const features = await set.readMatrix(chosen.map((i) => rows[i] as number));
  return {
    map: await mapFeatures(features),
    ids: chosen.map((i) => ids[i] as string),
    labels: chosen.map((i) => labels[i] as string),
    of: usable.length,
  };
}

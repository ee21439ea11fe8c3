import { dirname } from 'node:path';
import { readLabelCheck } from '../../../classify/label-check/label-check-file.ts';
import type { Report } from '../../../classify/result/report.ts';
import { lastSpeed } from '../../../extract/explain/speed.ts';
import { imageLocator } from '../../../extract/images/list/locate.ts';
import { type FeatureSet, openFeatureSet } from '../../../features/reader.ts';
import { isArchiveName } from '../../../formats/archive/list-archive.ts';
import { valueAt } from '../../../system/at.ts';
import { UserError } from '../../../system/errors.ts';
import { nodeFiles } from '../../../system/files.ts';
import { counted } from '../../../system/printable.ts';
import { shortPath } from '../../../system/short-path.ts';
import { alikeImages } from '../../alike/alike-images.ts';
import { curveOf } from '../../analysis/advice.ts';
import { headDifferences } from '../../analysis/differences.ts';
import { finetuneSteps } from '../../analysis/finetune-step.ts';
import type { GroupData, GroupFeatures, PageData, RunData } from '../../analysis/group-data.ts';
import { confidentMistakes, heldOutImages, suspectedLabels } from '../../analysis/held-out.ts';
import { networkDistance } from '../../analysis/imagenet-distance.ts';
import type { Run } from '../../analysis/run.ts';
import type { Comparison, ReportGroup } from '../../comparison.ts';
import { linkTo, sharedPath } from '../../describe.ts';
import { suspectsOf, suspectsOfCheck } from '../../suspects-list.ts';
import { compareFeatures } from '../cache/cached-features.ts';
import { PageCache } from '../cache/page-cache.ts';
import { makeThumbnails, photoBytes, type WantedPhoto } from '../photos.ts';
import { chooseRows, imageTable, mappedPlaces } from './images.ts';

interface GatherOptions {
  readonly version: string;
  /** The runs of each group, by `readRuns`. */
  readonly runs: readonly (readonly Run[])[];
  /** Path of the page: links are relative to it, the cache is beside it. */
  readonly page: string;
  readonly photoBytes?: number;
  readonly signal?: AbortSignal;
  /** Called before each stage that takes seconds. */
  readonly onStage?: (what: string) => void;
}

type Stages = Required<Pick<GatherOptions, 'onStage'>> & Pick<GatherOptions, 'signal'>;

/** Collects what the page shows: predictions, tests, photos and the map. Notes what is missing. */
export async function gatherPage(comparison: Comparison, options: GatherOptions): Promise<PageData> {
  const folder = dirname(options.page);
  const cache = new PageCache(folder);
  const groups: GroupData[] = [];
  for (const [g, group] of comparison.groups.entries()) {
    options.signal?.throwIfAborted();
    const budget = (options.photoBytes ?? photoBytes) / comparison.groups.length;
    groups.push(
      await gatherGroup(group, options.runs[g] ?? [], folder, cache, budget, { onStage: () => {}, ...options }),
    );
  }
  await cache.sweep();
  return { groups, unreadable: comparison.unreadable, version: options.version, folder };
}

async function gatherGroup(
  group: ReportGroup,
  read: readonly Run[],
  pageFolder: string,
  cache: PageCache,
  budget: number,
  { onStage, signal }: Stages,
): Promise<GroupData> {
  // Joined sets have the ids of the first one; in another one they may name other images.
  const report = group.reports.find(hasOwnIds) ?? valueAt(group.reports, 0);
  const checks = await Promise.all(group.reports.map(readLabelCheck));
  const labelCheck = checks.find((check) => check !== undefined);
  const runs = read.map((run) => analyse(run, labelCheck));
  const notes: string[] = [];
  const without = runs.filter(({ run }) => run.predictions === undefined).map(({ run }) => run.name);
  if (without.length > 0)
    notes.push(`Without predictions.csv, so without photos and reliability: ${without.join(', ')}.`);
  const answers = runs.find(({ run }) => run.predictions !== undefined)?.run.predictions ?? [];
  const set = await openSet(report, notes);
  const rows = set === undefined ? undefined : chooseRows(set, report);
  const { images, without: unlisted } = imageTable(rows, answers, ...dataFolder(set, pageFolder), set);
  if (unlisted > 0)
    notes.push(
      `${counted(unlisted, 'test image')} ${unlisted === 1 ? 'is' : 'are'} counted in every figure, but not among the photos here.`,
    );
  const mapped = mappedPlaces(rows?.ids.length ?? 0);
  const seen =
    set === undefined || rows === undefined || rows.ids.length === 0
      ? undefined
      : await compareFeatures(set, rows.rows, mapped, cache, { onStage, signal });
  const alike =
    rows === undefined || seen === undefined || report.featureSet.randomWeights
      ? undefined
      : alikeImages(rows, seen.neighbours, answers);
  const shown = { group, runs, differences: headDifferences(runs.map(({ run }) => run)), images, alike };
  onStage('reading photos and drawing the map');
  // Photos are read by other threads than the one that draws the map.
  const drawing = seen?.drawMap();
  const reading =
    set && makeThumbnails(wantedPhotos(shown, set), imageLocator(set.manifest.madeBy.data), cache, budget);
  // Wait for both even if one fails, so that nothing is written after an error.
  await Promise.allSettled([drawing, reading]);
  const [map, photos] = await Promise.all([drawing, reading]);
  if (photos !== undefined) notes.push(...photoNotes(photos, images.folder));
  const features: GroupFeatures | undefined = rows &&
    seen &&
    map && { neighbours: seen.neighbours, map, mapped, of: rows.of };
  const speed = set && (await lastSpeed(nodeFiles, set.folder, set.manifest.fields));
  // Reads the weights only if fine-tuning may be proposed.
  const asked = set !== undefined && finetuneSteps({ runs, speed }, curveOf(runs)).length > 0;
  const distance = asked ? await networkDistance(set) : undefined;
  return {
    ...shown,
    features,
    labelCheck,
    speed,
    distance,
    photos: photos?.photos ?? new Map<string, string>(),
    notes,
  };
}

function analyse(run: Run, labelCheck: GroupData['labelCheck']): RunData {
  const images = heldOutImages(run.predictions ?? []);
  // Random weights disagree with many correct labels.
  const suspects = labelCheck === undefined ? suspectsOf(suspectedLabels(images)) : suspectsOfCheck(labelCheck);
  return {
    run,
    images,
    mistakes: confidentMistakes(run.predictions ?? []),
    suspects: run.report.featureSet.randomWeights ? [] : suspects,
  };
}

function hasOwnIds({ joined, featureSet }: Report): boolean {
  return joined === undefined || joined.ids === (featureSet.parts?.[0]?.folder ?? featureSet.folder);
}

async function openSet(report: Report, notes: string[]): Promise<FeatureSet | undefined> {
  // With several networks, the images are those of the first set.
  const [made = { folder: report.featureSet.folder, features: report.features }] = report.featureSet.parts ?? [];
  const folder = sharedPath(made.folder);
  if (report.featureSet.parts !== undefined)
    notes.push(`The map and the near copies are by the features of ${folder}.`);
  if (!hasOwnIds(report)) {
    notes.push(
      `The images have their ids from ${sharedPath(report.joined?.ids ?? '')}, of which no report is here: no photos and no map.`,
    );
    return undefined;
  }
  try {
    const set = await openFeatureSet(made.folder);
    if (set.manifest.fingerprint === made.features) return set;
    notes.push(`The feature set in ${folder} was made in another way since: no photos and no map.`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    notes.push(`The feature set in ${folder} cannot be opened (${error.parts.what}): no photos and no map.`);
  }
  return undefined;
}

/** The data folder's path, and a link to it from the page; both empty if unknown. */
function dataFolder(set: FeatureSet | undefined, pageFolder: string): [folder: string, link: string] {
  if (set === undefined) return ['', ''];
  const { data } = set.manifest.madeBy;
  // A browser opens no file within an archive.
  const packed = isArchiveName(data) || set.paths.some((path) => path.split('/').some(isArchiveName));
  return [shortPath(data), packed ? '' : linkTo(data, pageFolder)];
}

/** Images, most interesting first: near-duplicates, suspects and mistakes of the best head, then all others. */
function wantedPhotos(
  { runs, alike, images }: Pick<GroupData, 'runs' | 'alike' | 'images'>,
  set: FeatureSet,
): WantedPhoto[] {
  const wanted = new Set<string>();
  for (const { ids } of alike?.pairs.slice(0, 12) ?? []) for (const id of ids) wanted.add(id);
  for (const { mistakes } of runs.slice(0, 1)) for (const { id } of mistakes) wanted.add(id);
  for (const { suspects } of runs) for (const { id } of suspects.slice(0, 60)) wanted.add(id);
  for (const { mistakes } of runs) for (const { id } of mistakes) wanted.add(id);
  for (const { images: tested } of runs.slice(0, 1)) for (const { id } of tested) wanted.add(id);
  for (const id of images.ids) wanted.add(id);
  return [...wanted].flatMap((id): WantedPhoto[] => {
    const place = images.placeOf.get(id);
    return place === undefined ? [] : [{ id, path: images.paths[place], sha256: set.sha256OfId(id) }];
  });
}

function photoNotes(
  { photos, unreadable, leftOut }: { photos: ReadonlyMap<string, string>; unreadable: number; leftOut: number },
  folder: string,
): string[] {
  return [
    ...(unreadable > 0
      ? [`${counted(unreadable, 'photo')} ${unreadable === 1 ? 'is' : 'are'} no longer in ${sharedPath(folder)}.`]
      : []),
    ...(leftOut > 0 ? [`The page holds ${counted(photos.size, 'photo')}; ${leftOut} more had no room.`] : []),
  ];
}

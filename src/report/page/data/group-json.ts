import type { Prediction } from '../../../classify/result/predictions.ts';
import { lookUp, valueAt } from '../../../system/at.ts';
import { clusteredOrder } from '../../analysis/confusion.ts';
import type { GroupData, ImageTable, RunData } from '../../analysis/group-data.ts';
import { percent } from '../../figures.ts';
import type { Point } from '../../map/components.kernel.ts';
import type { GroupJson, ImagesJson, MapJson, MapViewJson, NearJson, RunJson } from '../client/json.ts';

/** The data of a group for the page's script. */
export function groupJson(data: GroupData): GroupJson {
  const { images, group, runs, features, alike } = data;
  const classes = group.reports[0]?.classes ?? [];
  const classOf = new Map(classes.map((name, c) => [name, c]));
  const tested = testedAnswers(runs, images);
  const places = (ids: readonly [string, string]): readonly [number, number][] => {
    const [a, b] = [images.placeOf.get(ids[0]), images.placeOf.get(ids[1])];
    return a === undefined || b === undefined ? [] : [[a, b]];
  };
  return {
    classes,
    images: imagesJson(data, classOf),
    tested: { image: u32(tested.map(({ place }) => place)), repeat: u16(tested.map(({ repeat }) => repeat)) },
    runs: runs.map((run) => runJson(run, tested, images, classOf)),
    ...(features === undefined ? {} : { near: nearJson(features), map: mapJson(features) }),
    twins: alike?.pairs.flatMap(({ ids }) => places(ids)) ?? [],
  };
}

interface Tested {
  readonly key: string;
  readonly place: number;
  readonly repeat: number;
}

const keyOf = ({ repeat, id }: Prediction): string => `${repeat} ${id}`;

/** Predictions of the first run that has any; those of the other runs are put in their order. */
function testedAnswers(runs: readonly RunData[], { placeOf }: ImageTable): Tested[] {
  const predictions = runs.find(({ run }) => run.predictions !== undefined)?.run.predictions ?? [];
  return predictions.flatMap((prediction) => {
    const place = placeOf.get(prediction.id);
    return place === undefined ? [] : [{ key: keyOf(prediction), place, repeat: prediction.repeat }];
  });
}

function imagesJson({ images, photos }: GroupData, classOf: ReadonlyMap<string, number>): ImagesJson {
  const { ids, labels, paths, folder, link } = images;
  const pattern = commonPattern(ids, paths);
  const others: Record<string, string> = {};
  for (const [place, path] of paths.entries()) {
    const made = pattern === null ? undefined : pattern[0] + ids[place] + pattern[1];
    if (path !== undefined && path !== made) others[place] = path;
  }
  return {
    ids,
    labels: u16(labels.map((label) => classOf.get(label) ?? 65_535)),
    pattern,
    paths: others,
    folder,
    link,
    photos: ids.map((id) => photos.get(id) ?? ''),
  };
}

/** The text before and after the id in the first path that contains its id: Kaggle's `train/<id>.jpg`. */
function commonPattern(ids: readonly string[], paths: readonly (string | undefined)[]): [string, string] | null {
  // An image without a path must not be given one.
  if (paths.some((path) => path === undefined)) return null;
  const place = paths.findIndex((path, i) => path?.includes(valueAt(ids, i)));
  if (place < 0) return null;
  const [path, id] = [valueAt(paths, place), valueAt(ids, place)];
  const at = path.lastIndexOf(id);
  return [path.slice(0, at), path.slice(at + id.length)];
}

function runJson(
  data: RunData,
  tested: readonly Tested[],
  images: ImageTable,
  classOf: ReadonlyMap<string, number>,
): RunJson {
  const { run, suspects } = data;
  const { report, predictions } = run;
  const cells = report.confusion.flatMap((row, t) => row.flatMap((count, p) => (count === 0 ? [] : [t, p, count])));
  const known = suspects.filter(({ id }) => images.placeOf.has(id));
  return {
    name: run.name,
    ...(predictions === undefined ? {} : answersJson(predictions, tested, classOf)),
    cells: u32(cells),
    order: u16(clusteredOrder(report.confusion)),
    perClass: report.perClass.map(({ trained, support, precision, recall, f1 }) => [
      trained === undefined ? -1 : Math.round(trained),
      support,
      Number(precision.toFixed(4)),
      Number(recall.toFixed(4)),
      Number(f1.toFixed(4)),
    ]),
    suspects: {
      image: u32(known.map(({ id }) => lookUp(images.placeOf, id))),
      suggestion: u16(known.map(({ suggestion }) => classOf.get(suggestion) ?? 65_535)),
      label: u16(known.map(({ labelProbability }) => shareOf(labelProbability))),
      suggested: u16(known.map(({ suggestionProbability }) => shareOf(suggestionProbability))),
    },
  };
}

function answersJson(
  predictions: readonly Prediction[],
  tested: readonly Tested[],
  classOf: ReadonlyMap<string, number>,
): Pick<RunJson, 'answers' | 'top'> {
  const byKey = new Map(predictions.map((prediction) => [keyOf(prediction), prediction]));
  const own = tested.flatMap(({ key }) => byKey.get(key) ?? []);
  // Incomplete only if predictions.csv was edited.
  if (own.length < tested.length) return {};
  const numbers = (pick: (prediction: Prediction) => number): string => u16(own.map(pick));
  const number = (name: string): number => classOf.get(name) ?? 65_535;
  const count = own[0]?.top?.length ?? 0;
  const top = own.flatMap((each) => each.top ?? []);
  return {
    answers: {
      predicted: numbers((each) => number(each.predictedClass)),
      probability: numbers((each) => shareOf(each.probability)),
      trueProbability: numbers((each) => shareOf(each.trueProbability)),
    },
    ...(count === 0 || top.length !== count * own.length
      ? {}
      : {
          top: {
            count,
            classes: u16(top.map(({ name }) => number(name))),
            probabilities: u16(top.map(({ probability }) => shareOf(probability))),
          },
        }),
  };
}

type Features = NonNullable<GroupData['features']>;

function nearJson({ neighbours }: Features): NearJson {
  const { count, nearest, similarity } = neighbours;
  return {
    count,
    nearest: u32(Uint32Array.from(nearest, (row) => row >>> 0)),
    similarity: u16(Array.from(similarity, shareOf)),
  };
}

function mapJson({ map, mapped }: Features): MapJson {
  const [first, second] = map.explained.map(percent);
  const views: MapViewJson[] = [];
  if (map.umap !== undefined) views.push({ name: 'UMAP', x: 'UMAP 1', y: 'UMAP 2', points: pointsJson(map.umap) });
  views.push({
    name: 'Principal components',
    x: `first component (${first} of the variance)`,
    y: `second (${second})`,
    points: pointsJson(map.pca),
  });
  return { image: u32(mapped), views };
}

/** Scales points to a square of 65,535, both axes alike, the shorter one centred. */
function pointsJson(points: readonly Point[]): string {
  const range = (pick: (point: Point) => number): [number, number] =>
    points.reduce(([low, high], p) => [Math.min(low, pick(p)), Math.max(high, pick(p))], [Infinity, -Infinity]);
  const [x, y] = [range((p) => p.x), range((p) => p.y)];
  const side = Math.max(x[1] - x[0], y[1] - y[0]) || 1;
  const place = (value: number, [low, high]: [number, number]): number =>
    shareOf((value - low) / side + (1 - (high - low) / side) / 2);
  return u16(points.flatMap((p) => [place(p.x, x), place(p.y, y)]));
}

/** Typed arrays and shares as the page's JSON carries them (`client/json.ts`). */

function base64Of(array: Uint16Array | Uint32Array): string {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');
}

export function u16(values: Iterable<number>): string {
  return base64Of(Uint16Array.from(values));
}

export function u32(values: Iterable<number>): string {
  return base64Of(Uint32Array.from(values));
}

/** 0 to 1 as 0 to 65,535. */
export function shareOf(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * 65_535);
}

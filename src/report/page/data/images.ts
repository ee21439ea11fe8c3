import type { Prediction } from '../../../classify/result/predictions.ts';
import type { Report } from '../../../classify/result/report.ts';
import type { FeatureSet } from '../../../features/reader.ts';
import { evenlySpaced } from '../../../rows/table.ts';
import { valueAt, valuesAt } from '../../../system/at.ts';
import type { ImageTable } from '../../analysis/group-data.ts';

/** Images whose features are compared with each other, in quadratic time. */
const mostCompared = 10_000;

/** Most images on a page, so that it opens on a phone. */
const mostImages = 20_000;

/** Most dots on the map: more would overlap, and neighbours take long to find. */
const mostMapped = 2000;

/** Labelled rows of the report's classes, all or an evenly spaced subset. */
interface ChosenRows {
  readonly ids: readonly string[];
  readonly labels: readonly string[];
  readonly rows: readonly number[];
  readonly of: number;
}

export function chooseRows(set: FeatureSet, report: Report): ChosenRows {
  const known = new Set(report.classes);
  const { ids, labels, rows } = set.labelled();
  const usable = Int32Array.from(ids.keys()).filter((i) => known.has(valueAt(labels, i)));
  const [own, of] = [evenlySpaced(usable, mostCompared), usable.length];
  return { ids: valuesAt(ids, own), labels: valuesAt(labels, own), rows: valuesAt(rows, own), of };
}

export function mappedPlaces(count: number): number[] {
  return [
    ...evenlySpaced(
      Int32Array.from({ length: count }, (_, i) => i),
      mostMapped,
    ),
  ];
}

/**
 * The images of a page: the chosen rows in order, then other tested images. Labels are those used for testing.
 *
 * @returns the table, and the number of tested images beyond its limit
 */
export function imageTable(
  rows: ChosenRows | undefined,
  answers: readonly Prediction[],
  folder: string,
  link: string,
  set: FeatureSet | undefined,
): { readonly images: ImageTable; readonly without: number } {
  const labelOf = new Map(rows?.ids.map((id, i) => [id, valueAt(rows.labels, i)]));
  let without = 0;
  for (const { id, trueClass } of answers) {
    if (labelOf.has(id) || labelOf.size < mostImages) labelOf.set(id, trueClass);
    else without++;
  }
  const ids = [...labelOf.keys()];
  const images: ImageTable = {
    ids,
    labels: [...labelOf.values()],
    paths: ids.map((id) => set?.pathOf(id)),
    placeOf: new Map(ids.map((id, place) => [id, place])),
    folder,
    link,
  };
  return { images, without };
}

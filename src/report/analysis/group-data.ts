import type { AlikeImages } from '../alike/alike-images.ts';
import type { Comparison, ReportGroup } from '../comparison.ts';
import type { FeatureMap } from '../map/feature-map.ts';
import type { HeadDifference } from './differences.ts';
import type { HeldOutImage } from './held-out.ts';
import type { Run } from './run.ts';

/** One run with what its answers tell. */
export interface RunData {
  readonly run: Run;
  /** Each image once; empty without predictions.csv. */
  readonly images: readonly HeldOutImage[];
  readonly mistakes: readonly HeldOutImage[];
  readonly suspects: readonly HeldOutImage[];
}

/** The feature rows in the plane, with the class of each. */
export interface MapData {
  readonly map: FeatureMap;
  readonly ids: readonly string[];
  readonly labels: readonly string[];
  /** Labelled rows in all, where only part of them is shown. */
  readonly of: number;
}

export interface GroupData {
  readonly group: ReportGroup;
  /** In the group's order: best accuracy first. */
  readonly runs: readonly RunData[];
  readonly differences: readonly HeadDifference[];
  readonly map: MapData | undefined;
  /** Absent where there are no features, or features that say nothing. */
  readonly alike: AlikeImages | undefined;
  /** Image id to a small JPEG as a data URI. */
  readonly photos: ReadonlyMap<string, string>;
  /** What is left out and why: photos gone, features gone, more photos than the page holds. */
  readonly notes: readonly string[];
}

export interface PageData {
  readonly groups: readonly GroupData[];
  readonly unreadable: Comparison['unreadable'];
  readonly version: string;
}

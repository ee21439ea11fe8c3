import type { LabelCheckFile } from '../../classify/label-check/label-check-file.ts';
import type { MeasuredSpeed } from '../../extract/explain/speed.ts';
import type { Neighbours } from '../../rows/alike/neighbours.ts';
import type { AlikeImages } from '../alike/alike-images.ts';
import type { Comparison, ReportGroup } from '../comparison.ts';
import type { FeatureMap } from '../map/feature-map.ts';
import type { Suspect } from '../suspects-list.ts';
import type { HeadDifference } from './differences.ts';
import type { HeldOutImage } from './held-out.ts';
import type { ImageNetDistance } from './imagenet-distance.ts';
import type { Run } from './run.ts';

export interface RunData {
  readonly run: Run;
  /** Every tested image once; empty without predictions.csv. */
  readonly images: readonly HeldOutImage[];
  readonly mistakes: readonly HeldOutImage[];
  /** Labels that may be wrong, of all images if `--check-labels` checked them, else of the test images. */
  readonly suspects: readonly Suspect[];
}

export interface ImageTable {
  readonly ids: readonly string[];
  readonly labels: readonly string[];
  /** Relative to `folder`; undefined if unknown. */
  readonly paths: readonly (string | undefined)[];
  readonly placeOf: ReadonlyMap<string, number>;
  /** The data folder's path, and a link to it from the page; empty if unknown. */
  readonly folder: string;
  readonly link: string;
}

/** Neighbours and map of the first images of the table. */
export interface GroupFeatures {
  readonly neighbours: Neighbours;
  readonly map: FeatureMap;
  /** Indices of the images on the map. */
  readonly mapped: readonly number[];
  /** Number of all labelled rows; only some may be compared. */
  readonly of: number;
}

export interface GroupData {
  readonly group: ReportGroup;
  /** Best accuracy first. */
  readonly runs: readonly RunData[];
  readonly differences: readonly HeadDifference[];
  readonly images: ImageTable;
  readonly features: GroupFeatures | undefined;
  /** Near-duplicates; absent without features, or with random weights. */
  readonly alike: AlikeImages | undefined;
  /** Result of `classify --check-labels` for any run of the group. */
  readonly labelCheck: LabelCheckFile | undefined;
  /** Speed of the last extract of these features, if known. */
  readonly speed?: MeasuredSpeed | undefined;
  /** Distance of the photos from ImageNet's, if known and needed. */
  readonly distance?: ImageNetDistance | undefined;
  /** Thumbnails by image id, base64. */
  readonly photos: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
}

export interface PageData {
  readonly groups: readonly GroupData[];
  readonly unreadable: Comparison['unreadable'];
  readonly version: string;
  /** Folder of the page, to which links are relative. */
  readonly folder: string;
}

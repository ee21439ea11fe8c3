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

/** One run with what its answers tell. */
export interface RunData {
  readonly run: Run;
  /** Each image once; empty without predictions.csv. */
  readonly images: readonly HeldOutImage[];
  readonly mistakes: readonly HeldOutImage[];
  /** Of all images where the labels were checked, else of its test images. */
  readonly suspects: readonly Suspect[];
}

/** The images that a page can show, each at its place. */
export interface ImageTable {
  readonly ids: readonly string[];
  readonly labels: readonly string[];
  /** Relative to `folder`; undefined if it is not known. */
  readonly paths: readonly (string | undefined)[];
  readonly placeOf: ReadonlyMap<string, number>;
  /** The data folder as a command line names it, and from the page's folder; empty if it is not known. */
  readonly folder: string;
  readonly link: string;
}

/** What the features say, of the first images of the table. */
export interface GroupFeatures {
  readonly neighbours: Neighbours;
  readonly map: FeatureMap;
  /** Places of the images on the map. */
  readonly mapped: readonly number[];
  /** Labelled rows in all, where only part of them is compared. */
  readonly of: number;
}

export interface GroupData {
  readonly group: ReportGroup;
  /** In the group's order: best accuracy first. */
  readonly runs: readonly RunData[];
  readonly differences: readonly HeadDifference[];
  readonly images: ImageTable;
  readonly features: GroupFeatures | undefined;
  /** Absent if there are not features, or features that say nothing. */
  readonly alike: AlikeImages | undefined;
  /** What `classify --check-labels` found, for any run of the group. */
  readonly labelCheck: LabelCheckFile | undefined;
  /** How fast the last extract of these features was; absent if that is not kept. */
  readonly speed?: MeasuredSpeed | undefined;
  /** How far the photos are from ImageNet's; absent if that is not known, or nothing asks for it. */
  readonly distance?: ImageNetDistance | undefined;
  /** Image id to a small picture in base64. */
  readonly photos: ReadonlyMap<string, string>;
  /** What is left out and why: photos gone, features gone, more photos than the page holds. */
  readonly notes: readonly string[];
}

export interface PageData {
  readonly groups: readonly GroupData[];
  readonly unreadable: Comparison['unreadable'];
  readonly version: string;
  /** Folder of the page: links start there. */
  readonly folder: string;
}

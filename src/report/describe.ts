import { isAbsolute, relative, resolve, win32 } from 'node:path';
import type { Report } from '../classify/result/report.ts';
import { valueAt } from '../system/at.ts';
import { counted, plural } from '../system/printable.ts';
import { shortPath } from '../system/short-path.ts';
import { count } from './figures.ts';

/** Training images of the smallest, the median and the largest class; undefined for older reports. */
export function classSizes({ perClass }: Report): { least: number; median: number; most: number } | undefined {
  const sizes = perClass.flatMap(({ trained }) => (trained === undefined ? [] : [Math.round(trained)]));
  if (sizes.length < perClass.length) return undefined;
  sizes.sort((a, b) => a - b);
  const at = (place: number): number => valueAt(sizes, place);
  return { least: at(0), median: at(Math.floor((sizes.length - 1) / 2)), most: at(sizes.length - 1) };
}

/** `1 to 14 training images per class, median 7`. */
export function describeClassSizes(report: Report): string | undefined {
  const sizes = classSizes(report);
  if (sizes === undefined) return undefined;
  const { least, median, most } = sizes;
  return least === most
    ? `${counted(least, 'training image')} per class`
    : `${least} to ${counted(most, 'training image')} per class, median ${median}`;
}

/**
 * The data of a report in a sentence.
 *
 * @param withFeatures false where reports on several networks' features share it
 */
export function describeData(report: Report, withFeatures = true): string {
  const { featureSet, classes, testSize, perRepeat, seed } = report;
  const trainSize = trainingImages(report);
  const tested = `${count(testSize)} ${plural(testSize, 'test image')}`;
  const split =
    perRepeat.length === 1
      ? `split once (seed ${seed}) into ${trainSize} training and ${tested}`
      : `split ${perRepeat.length} times (from seed ${seed}) into ${trainSize} training and ${tested}`;
  const sizes = describeClassSizes(report);
  const network = featureSet.randomWeights ? 'a network of random weights' : weightsName(report);
  const features = withFeatures
    ? `; ${count(featureSet.dims)} ${plural(featureSet.dims, 'feature')} each from ${network}`
    : '';
  const used = imagesUsed(report);
  const others = used === featureSet.rowCount ? '' : ` (of ${count(featureSet.rowCount)} with features)`;
  return `${count(used)} ${plural(used, 'image')}${others} of ${counted(classes.length, 'class')}, ${split}${sizes === undefined ? '' : `, ${sizes}`}${features}.`;
}

/** Name of the weights for sharing: without the path of a file. */
export function weightsName({ featureSet }: Report): string {
  return sharedPath(featureSet.weights);
}

/** A path for sharing: relative if inside the current folder, else only its last name. */
export function sharedPath(path: string): string {
  const short = shortPath(path);
  return isAbsolute(short) || win32.isAbsolute(short) || short.startsWith('..')
    ? (short.split(/[\\/]/).findLast((part) => part !== '') ?? short)
    : short;
}

/** Images that were split: those of left-out classes (`--min-images`, `--leave-out`) have features and are not used. */
export function imagesUsed({ trainSize, testSize, subsample }: Report): number {
  return (subsample?.of ?? trainSize) + testSize;
}

/** `800`, or `800 of 8,000` if the training images were subsampled. */
export function trainingImages({ trainSize, subsample }: Report): string {
  return subsample === undefined ? count(trainSize) : `${count(trainSize)} of ${count(subsample.of)}`;
}

/** Relative link from a folder to a file, so that reports can be moved together; empty if there is none. */
export function linkTo(path: string, from: string): string {
  const way = relative(resolve(from), resolve(path));
  // On another drive of Windows.
  if (isAbsolute(way)) return '';
  return way.split(/[\\/]/).map(encodeURIComponent).join('/');
}

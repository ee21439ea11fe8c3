import type { Report } from '../classify/result/report.ts';
import { counted } from '../system/printable.ts';
import { shortPath } from '../system/short-path.ts';
import type { HeadDifference } from './analysis/differences.ts';
import { sharedPath, weightsName } from './describe.ts';

/** A network with tap and preprocessing, as in one feature set, that reports of a group were trained on. */
interface ComparedNetwork {
  readonly features: string;
  /** The feature set's folder name, with digits of the fingerprint if ambiguous. */
  readonly name: string;
  /** The best report on these features. */
  readonly best: Report;
}

export function networksOf(reports: readonly Report[]): readonly ComparedNetwork[] {
  const best = [...new Map(reports.toReversed().map((report) => [report.features, report])).values()].toReversed();
  const nameOf = ({ featureSet }: Report): string => lastName(featureSet.folder);
  return reports
    .filter((report) => best.includes(report))
    .map((report) => {
      const name = nameOf(report);
      const shared = best.filter((other) => nameOf(other) === name).length > 1;
      return {
        features: report.features,
        name: shared ? `${name} ${report.features.slice(0, 8)}` : name,
        best: report,
      };
    });
}

function lastName(folder: string): string {
  return folder.split(/[\\/]/).findLast((part) => part !== '') ?? folder;
}

/** `cache/dogs (resnet50), 3e3b39c7514f`, of each network. */
export function describeNetworks(reports: readonly Report[], path: (folder: string) => string = shortPath): string {
  const all = networksOf(reports).map(
    ({ best, features }) => `${path(best.featureSet.folder)} (${weightsName(best)}), ${features.slice(0, 12)}`,
  );
  return all.length === 1
    ? `features ${all[0]}`
    : `${counted(all.length, 'network')} on the same images, by their sha256: ${all.join('; ')}`;
}

/** As `describeNetworks`, without paths, for sharing. */
export function sharedNetworks(reports: readonly Report[]): string {
  return describeNetworks(reports, sharedPath);
}

/** Two networks, each with its best head. */
export interface NetworkDifference {
  /** Names of `networksOf`; the first has the higher accuracy. */
  readonly first: string;
  readonly second: string;
  /** The test of the two heads, adjusted for all pairs of heads. */
  readonly heads: HeadDifference;
  readonly words: string;
}

/**
 * Tests every pair of networks by their best heads.
 *
 * @param reports of one group, best first
 * @param names of the reports, by `reportNames`
 * @param verdicts of all pairs of them
 */
export function networkDifferences(
  reports: readonly Report[],
  names: readonly string[],
  verdicts: readonly HeadDifference[],
): NetworkDifference[] {
  const networks = networksOf(reports).map(({ name, best }) => ({ name, head: names[reports.indexOf(best)] }));
  return networks.flatMap((one, i) =>
    networks.slice(i + 1).flatMap((other): NetworkDifference[] => {
      const heads = verdicts.find(({ first, second }) => first === one.head && second === other.head);
      if (heads === undefined) return [];
      const words = `By the best heads of ${one.name} and ${other.name}, ${heads.words}`;
      return [{ first: one.name, second: other.name, heads, words }];
    }),
  );
}

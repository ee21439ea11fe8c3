import type { Json } from '../models/model.ts';
import { valueAt } from '../system/at.ts';
import type { HeadDifference } from './analysis/differences.ts';
import { type Comparison, reportNames } from './comparison.ts';
import { accuracyDeviation, accuracyInterval } from './figures.ts';
import { type NetworkDifference, networkDifferences } from './networks.ts';

/** A report without its long lists, for pipelines. */
export interface ReportSummary {
  readonly name: string;
  readonly model: string;
  readonly solver: string;
  readonly params: Readonly<Record<string, Json>>;
  readonly accuracy: number;
  /** Over the repeats; null with one repeat. */
  readonly accuracyDeviation: number | null;
  readonly accuracyLow: number;
  readonly accuracyHigh: number;
  readonly top5Accuracy: number;
  readonly logLoss: number;
  readonly macroF1: number;
  readonly balancedAccuracy: number;
  readonly fitSeconds: number;
  readonly predictSeconds: number;
  readonly repeats: number;
  readonly classes: number;
  readonly trainSize: number;
  readonly testSize: number;
  readonly seed: number;
  readonly randomWeights: boolean;
  /** Folder of the feature set, and its fingerprint. */
  readonly featureSet: string;
  readonly features: string;
  readonly report: string;
}

export interface ComparisonSummary {
  readonly comparable: boolean;
  readonly groups: readonly {
    readonly features: string;
    readonly splitHash: string;
    readonly differences: readonly string[];
    readonly reports: readonly ReportSummary[];
    /** Tests of every pair of heads; empty if impossible. */
    readonly verdicts: readonly HeadDifference[];
    /** Tests of every pair of networks by their best heads; empty if all reports have the same features. */
    readonly networks: readonly NetworkDifference[];
  }[];
  readonly unreadable: Comparison['unreadable'];
}

/**
 * The document of `compare --json`.
 *
 * @param verdicts of each group, in the comparison's order
 */
export function summarize(comparison: Comparison, verdicts: readonly (readonly HeadDifference[])[]): ComparisonSummary {
  return {
    comparable: comparison.groups.length === 1,
    groups: comparison.groups.map(({ features, splitHash, differences, reports }, g) => {
      const names = reportNames(reports);
      return {
        features,
        splitHash,
        differences,
        verdicts: verdicts[g] ?? [],
        networks: networkDifferences(reports, names, verdicts[g] ?? []),
        reports: reports.map((report, i) => {
          const { low, high } = accuracyInterval(report);
          return {
            name: valueAt(names, i),
            model: report.model,
            solver: report.solver,
            params: report.params,
            accuracy: report.accuracy,
            accuracyDeviation: accuracyDeviation(report) ?? null,
            accuracyLow: low,
            accuracyHigh: high,
            top5Accuracy: report.top5Accuracy,
            logLoss: report.logLoss,
            macroF1: report.macroF1,
            balancedAccuracy: report.balancedAccuracy,
            fitSeconds: report.fitSeconds,
            predictSeconds: report.predictSeconds,
            repeats: report.perRepeat.length,
            classes: report.classes.length,
            trainSize: report.trainSize,
            testSize: report.testSize,
            seed: report.seed,
            randomWeights: report.featureSet.randomWeights,
            featureSet: report.featureSet.folder,
            features: report.features,
            report: report.report,
          };
        }),
      };
    }),
    unreadable: comparison.unreadable,
  };
}

import type { Report } from '../classify/result/report.ts';
import type { Scores } from '../metrics/metrics.ts';
import { valueAt } from '../system/at.ts';
import type { HeadDifference } from './analysis/differences.ts';
import { type Comparison, reportNames } from './comparison.ts';
import { accuracyInterval, accuracyDeviation as deviationOf } from './figures.ts';
import { type NetworkDifference, networkDifferences } from './networks.ts';

/** A report without its long lists, for pipelines. */
export interface ReportSummary
  extends Scores,
    Pick<Report, 'model' | 'solver' | 'params' | 'fitSeconds' | 'predictSeconds' | 'trainSize' | 'testSize' | 'seed'>,
    Pick<Report, 'features' | 'report'> {
  readonly name: string;
  /** Over the repeats; null with one repeat. */
  readonly accuracyDeviation: number | null;
  readonly accuracyLow: number;
  readonly accuracyHigh: number;
  readonly repeats: number;
  readonly classes: number;
  readonly randomWeights: boolean;
  /** Folder of the feature set. */
  readonly featureSet: string;
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
        reports: reports.map((report, i) => summarizeReport(valueAt(names, i), report)),
      };
    }),
    unreadable: comparison.unreadable,
  };
}

/** In the order of the document's fields. */
function summarizeReport(name: string, report: Report): ReportSummary {
  const { model, solver, params, accuracy, top5Accuracy, logLoss, macroF1, balancedAccuracy } = report;
  const { fitSeconds, predictSeconds, trainSize, testSize, seed, features } = report;
  const { low: accuracyLow, high: accuracyHigh } = accuracyInterval(report);
  const accuracyDeviation = deviationOf(report) ?? null;
  const { randomWeights, folder: featureSet } = report.featureSet;
  return {
    ...{ name, model, solver, params, accuracy, accuracyDeviation, accuracyLow, accuracyHigh },
    ...{ top5Accuracy, logLoss, macroF1, balancedAccuracy, fitSeconds, predictSeconds },
    ...{ repeats: report.perRepeat.length, classes: report.classes.length, trainSize, testSize, seed },
    ...{ randomWeights, featureSet, features, report: report.report },
  };
}

import { accuracyInterval, percent, seconds } from '../figures.ts';
import type { GroupData, RunData } from '../page/page-data.ts';
import { confusedPairs } from './confusion.ts';
import { learningCurve } from './learning.ts';

/** The comparison in sentences, under the four questions that a reader has. */
export interface Advice {
  readonly which: readonly string[];
  readonly sure: readonly string[];
  readonly wrong: readonly string[];
  readonly next: readonly string[];
}

export function advise(group: GroupData): Advice {
  const best = group.runs[0] as RunData;
  return {
    which: whichHead(group, best),
    sure: howSure(group, best),
    wrong: whatWrong(best),
    next: whatNext(group, best),
  };
}

function whichHead({ runs, differences }: GroupData, best: RunData): string[] {
  const { run } = best;
  const lines = [`${run.name}: ${percent(run.report.accuracy)} of the test images right, the highest here.`];
  const alike = differences
    .filter((pair) => pair.first === run.name && !pair.distinguishable)
    .map((pair) => pair.second);
  if (runs.length > 1 && alike.length === 0 && differences.length > 0) lines.push('Better than every other head here.');
  if (alike.length > 0) {
    const candidates = runs.filter((data) => data === best || alike.includes(data.run.name));
    const cheapest = candidates.reduce((a, b) => (b.run.report.fitSeconds < a.run.report.fitSeconds ? b : a));
    const surest = candidates.reduce((a, b) => (b.run.report.logLoss < a.run.report.logLoss ? b : a));
    lines.push(`Not distinguishable from it here: ${listWords(alike)}.`);
    lines.push(
      `Of these ${cheapest.run.name} fits fastest (${seconds(cheapest.run.report.fitSeconds)} s) and ${surest.run.name} has the best probabilities (log loss ${surest.run.report.logLoss.toFixed(3)}).`,
    );
  }
  return lines;
}

function howSure({ differences }: GroupData, { run }: RunData): string[] {
  const { report } = run;
  const { low, high } = accuracyInterval(report);
  const what =
    report.perRepeat.length === 1
      ? `${report.testSize} test images of one split`
      : `${report.perRepeat.length} repeats of ${report.testSize} test images`;
  const lines = [
    `Between ${percent(low)} and ${percent(high)}.`,
    `That is the 95 % interval of ${run.name}’s accuracy, from ${what}.`,
  ];
  const closest = differences.find((pair) => pair.first === run.name || pair.second === run.name);
  if (closest !== undefined) lines.push(`${closest.words}.`);
  if (report.featureSet.randomWeights) {
    lines.push('The backbone has random weights: these figures say nothing about pretrained features.');
  }
  return lines;
}

function whatWrong({ run, mistakes }: RunData): string[] {
  const pairs = confusedPairs(run.report.confusion, run.report.classes).slice(0, 3);
  if (pairs.length === 0) return [`${run.name} has every test image right.`];
  const told = pairs.map((pair) => `${pair.trueClass} for ${pair.predictedClass} (${pair.count}×)`);
  const all = run.report.confusion.flat().reduce((sum, count) => sum + count, 0);
  const wrong = all - run.report.confusion.reduce((sum, row, c) => sum + (row[c] ?? 0), 0);
  const lines = [`${wrong} of ${all} answers.`, `Most often it takes ${listWords(told)}.`];
  const weakest = run.report.perClass
    .filter((figures) => figures.support > 0)
    .sort((a, b) => a.recall - b.recall || b.support - a.support)
    .slice(0, 3)
    .map((figures) => `${figures.name} (${percent(figures.recall)} of ${figures.support})`);
  lines.push(`Least often found: ${listWords(weakest)}.`);
  const sure = mistakes.filter((image) => image.confidence >= 0.9).length;
  if (sure > 0) lines.push(`${sure} mistakes were made with a confidence of 90 % or more.`);
  return lines;
}

function whatNext({ runs }: GroupData, best: RunData): string[] {
  const { report } = best.run;
  const lines: string[] = [];
  if (report.featureSet.randomWeights) {
    lines.push('Extract again with pretrained weights: featuretap extract --data FOLDER --weights resnet50.');
  }
  // A network that learned nothing disagrees with many labels: that says nothing about them.
  if (best.suspects.length > 0 && !report.featureSet.randomWeights) {
    lines.push(
      `${best.suspects.length} labels below are worth a look, the likeliest to be wrong first: mending one is the cheapest gain there is.`,
    );
  }
  const curve = runs
    .map(({ run }) => learningCurve(run.report.learningCurve ?? []))
    .find((found) => found !== undefined);
  lines.push(curve?.words ?? 'Would more photos help? featuretap classify --model all --learning-curve tells.');
  if (report.perRepeat.length === 1) {
    lines.push('For narrower answers about which head is better: classify with --repeats 10.');
  }
  lines.push(`To use it: featuretap predict --head ${report.report} PHOTO.`);
  return lines;
}

export function listWords(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

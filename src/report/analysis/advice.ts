import type { Report } from '../../classify/result/report.ts';
import { valueAt } from '../../system/at.ts';
import { ownCommand } from '../../system/own-command.ts';
import { counted, plural } from '../../system/printable.ts';
import { classSizes, imagesUsed } from '../describe.ts';
import { accuracyInterval, count, percent, seconds } from '../figures.ts';
import { reportCommand } from '../report-command.ts';
import { confusedPairs, repeatedPairs } from './confusion.ts';
import { finetuneSteps, type Step } from './finetune-step.ts';
import type { GroupData, RunData } from './group-data.ts';
import { learningCurve } from './learning.ts';

/** The comparison in sentences, under four questions, and commands for the next steps. */
interface Advice {
  readonly which: readonly string[];
  readonly sure: readonly string[];
  readonly wrong: readonly string[];
  readonly next: readonly string[];
  /** Most useful first. */
  readonly steps: readonly Step[];
}

export function advise(group: GroupData): Advice {
  const best = valueAt(group.runs, 0);
  return {
    which: describeBest(group, best),
    sure: describeUncertainty(group, best),
    wrong: describeMistakes(best),
    next: describeNext(group, best),
    steps: nextSteps(group, best),
  };
}

function describeBest({ runs, differences }: GroupData, best: RunData): string[] {
  const { run } = best;
  const lines = [`${run.name}: ${percent(run.report.accuracy)} of the test images right, the highest here.`];
  const open = differences.filter((pair) => pair.first === run.name && !pair.distinguishable);
  const alike = open.filter(({ doubtful }) => !doubtful).map((pair) => pair.second);
  const doubtful = open.filter((pair) => pair.doubtful).map((pair) => pair.second);
  if (runs.length > 1 && open.length === 0 && differences.length > 0) lines.push('Better than every other head here.');
  if (doubtful.length > 0) lines.push(`Perhaps better than ${listWords(doubtful)}.`);
  if (alike.length > 0) {
    const candidates = runs.filter((data) => data === best || alike.includes(data.run.name));
    const cheapest = candidates.reduce((a, b) => (b.run.report.fitSeconds < a.run.report.fitSeconds ? b : a));
    const surest = candidates.reduce((a, b) => (b.run.report.logLoss < a.run.report.logLoss ? b : a));
    lines.push(`No significant difference from it here: ${listWords(alike)}.`);
    const other = surest === cheapest ? '' : `${surest.run.name} `;
    lines.push(
      `Of these ${cheapest.run.name} fits fastest (${seconds(cheapest.run.report.fitSeconds)} s) and ${other}has the best probabilities (log loss ${surest.run.report.logLoss.toFixed(3)}).`,
    );
  }
  return lines;
}

function describeUncertainty({ differences }: GroupData, { run }: RunData): string[] {
  const { report } = run;
  const { low, high } = accuracyInterval(report);
  const what =
    report.perRepeat.length === 1
      ? `${counted(report.testSize, 'test image')} of one split`
      : `${counted(report.perRepeat.length, 'repeat')} of ${counted(report.testSize, 'test image')}`;
  const lines = [
    `Between ${percent(low)} and ${percent(high)}.`,
    `That is the 95 % interval of ${run.name}’s accuracy, from ${what}.`,
  ];
  const closest = differences.find((pair) => pair.first === run.name || pair.second === run.name);
  if (closest !== undefined) lines.push(`${closest.words.replace(/^no /, 'No ')}.`);
  if (report.featureSet.randomWeights) {
    lines.push('The backbone has random weights: these figures say nothing about pretrained features.');
  }
  return lines;
}

function describeMistakes({ run, mistakes }: RunData): string[] {
  const pairs = confusedPairs(run.report.confusion, run.report.classes);
  if (pairs.length === 0) return [`${run.name} has every test image right.`];
  const told = repeatedPairs(pairs)
    .slice(0, 3)
    .map((pair) => `${pair.trueClass} for ${pair.predictedClass} (${pair.count}×)`);
  const all = run.report.confusion.flat().reduce((sum, count) => sum + count, 0);
  const wrong = all - run.report.confusion.reduce((sum, row, c) => sum + (row[c] ?? 0), 0);
  const lines = [
    `${wrong} of ${counted(all, 'answer')}.`,
    told.length === 0 ? 'No pair of classes stands out.' : `Most often mistakes ${listWords(told)}.`,
  ];
  const weakest = run.report.perClass
    .filter(({ support, recall }) => support > 0 && recall < 1)
    .sort((a, b) => a.recall - b.recall || b.support - a.support)
    .slice(0, 3)
    .map((figures) => `${figures.name} (${Math.round(figures.recall * figures.support)} of ${figures.support})`);
  if (weakest.length > 0) lines.push(`Lowest recall: ${listWords(weakest)}.`);
  const small = smallClasses(run.report);
  if (small !== undefined) lines.push(small);
  const sure = mistakes.filter((image) => image.confidence >= 0.9).length;
  if (sure > 0)
    lines.push(`${sure} ${sure === 1 ? 'mistake was' : 'mistakes were'} made with a confidence of 90 % or more.`);
  return lines;
}

/** Least difference in recall between small and large classes that is reported. */
const sizeGap = 0.1;

/** Recall of classes with few and with many training images, if both sizes and recalls differ enough. */
function smallClasses(report: Report): string | undefined {
  const sizes = classSizes(report);
  if (sizes === undefined || sizes.most < 2 * Math.max(1, sizes.least)) return undefined;
  const found = (few: boolean): number => {
    const chosen = report.perClass.filter(({ trained = 0 }) => Math.round(trained) < sizes.median === few);
    const tested = chosen.reduce((sum, { support }) => sum + support, 0);
    return chosen.reduce((sum, { recall, support }) => sum + recall * support, 0) / tested;
  };
  const [few, many] = [found(true), found(false)];
  if (!(many - few >= sizeGap)) return undefined;
  return `Classes with fewer than ${counted(sizes.median, 'training image')} are found ${percent(few)} of the time, the others ${percent(many)}.`;
}

/** Recommendations in words; `nextSteps` has the commands. */
function describeNext({ runs, alike, labelCheck }: GroupData, best: RunData): string[] {
  const { report } = best.run;
  if (report.featureSet.randomWeights) {
    return ['Extract with pretrained weights.', 'Random ones say nothing about these photos.'];
  }
  const curve = curveOf(runs);
  const suspects = best.suspects.length;
  const checked = labelCheck === undefined ? best.images.length : labelCheck.images.length;
  const all = labelCheck?.imageCount ?? imagesUsed(report);
  const looked = `${count(checked)} of ${count(all)} ${plural(all, 'photo')} checked`;
  const divided = alike?.pairs.filter(({ timesApart }) => timesApart > 0).length ?? 0;
  return [
    ...(curve === undefined && hasFewPhotos(report)
      ? [
          'Add photos.',
          `${count(report.trainSize)} training images of ${report.classes.length} classes are too few to tell heads apart, or which labels are wrong.`,
        ]
      : []),
    ...(curve?.answer === 'yes' ? [curve.words] : []),
    ...(suspects > 0
      ? [
          `Review ${suspects === 1 ? 'one suspicious label' : `${suspects} suspicious labels, the most suspicious first`} (${looked}).`,
        ]
      : []),
    ...(divided > 0
      ? [
          `Look at the photos that are nearly the same: ${divided === 1 ? 'one pair was' : `${divided} pairs were`} divided between training and test images.`,
        ]
      : []),
    ...(curve !== undefined && curve.answer !== 'yes' ? [curve.words] : []),
    ...(curve === undefined && !hasFewPhotos(report) ? ['Whether more photos would help is not known yet.'] : []),
  ];
}

/** With fewer training images per class, neither a learning curve nor a check of the labels says much. */
const fewPerClass = 5;

function hasFewPhotos({ trainSize, classes }: Report): boolean {
  return trainSize < fewPerClass * classes.length;
}

function nextSteps(group: GroupData, best: RunData): Step[] {
  const { runs, labelCheck } = group;
  const { report } = best.run;
  const again = reportCommand(report) ?? ownCommand('classify');
  const { randomWeights } = report.featureSet;
  const few = hasFewPhotos(report);
  return [
    ...(randomWeights
      ? [
          {
            what: 'To extract again with pretrained weights',
            command: ownCommand('extract', ['--data', 'FOLDER', '--weights', 'resnet50']),
          },
        ]
      : []),
    ...(labelCheck === undefined && !few && !randomWeights && !again.includes('--check-labels')
      ? [
          {
            what: 'To check the labels of all photos, not of the test photos alone, run',
            command: `${again} --check-labels`,
          },
        ]
      : []),
    ...(curveOf(runs) === undefined && !few
      ? [{ what: 'To see whether more photos would help, run', command: `${again} --learning-curve` }]
      : []),
    ...finetuneSteps(group, curveOf(runs)),
    ...(oneDrawnSplit(report)
      ? [{ what: 'For narrower intervals, test on ten splits instead of one', command: `${again} --repeats 10` }]
      : []),
    { what: 'To use the head', command: ownCommand('predict', ['--head', report.report, 'PHOTO']) },
    exportStep(report),
  ];
}

/** Exports the network with the head if ONNX Runtime ran it with pretrained weights. */
function exportStep({ report, featureSet }: Report): Step {
  const { parts, fields, madeBy, randomWeights } = featureSet;
  const whole = parts === undefined && fields !== undefined && madeBy?.engine === 'onnx' && !randomWeights;
  return whole
    ? {
        what: 'To ship it as one ONNX file, the network in it',
        command: ownCommand('export', ['--head', report, '--with-backbone', '--to', 'model.onnx']),
      }
    : {
        what: 'To ship the head as an ONNX file',
        command: ownCommand('export', ['--head', report, '--to', 'head.onnx']),
      };
}

export function curveOf(runs: GroupData['runs']): ReturnType<typeof learningCurve> {
  return runs.map(({ run }) => learningCurve(run.report)).find((found) => found !== undefined);
}

/** Whether `--repeats` can be added to the command. */
function oneDrawnSplit({ perRepeat, command }: Report): boolean {
  return perRepeat.length === 1 && !/ --(split|repeats)\b/.test(command);
}

function listWords(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

import type { ClassifyEvent } from '../../classify/classify.ts';
import { describeCopies } from '../../classify/copies/copies.ts';
import type { LabelledData } from '../../classify/data/labelled-data.ts';
import type { LabelCheckFile } from '../../classify/label-check/label-check-file.ts';
import { describeNeeds, type FitNeeds } from '../../classify/memory/fit-needs.ts';
import type { StreamPlan } from '../../classify/memory/stream-plan.ts';
import type { Report } from '../../classify/result/report.ts';
import { percent } from '../../report/figures.ts';
import type { RowSource } from '../../rows/row-source.ts';
import { valueAt } from '../../system/at.ts';
import { formatBytes } from '../../system/durable.ts';
import { counted } from '../../system/printable.ts';
import { shortPath } from '../../system/short-path.ts';
import { secondsBetweenLines } from '../progress-bar.ts';
import type { StatusLine } from '../status-line.ts';
import type { Session } from '../verb.ts';
import { FitMeter } from './fit-progress.ts';

/** @param tables of the same images, one for each feature set */
export function describeData(tables: readonly LabelledData<RowSource>[], session: Session): void {
  const data = valueAt(tables, 0);
  const several = tables.length > 1;
  const inAll = several ? ` in all ${tables.length} feature sets` : '';
  const features = tables.map(({ featureSet }) => featureSet.dims).join(' and ');
  const lost = tables.map(({ featureSet }) => {
    const missing = Object.entries(featureSet.missing);
    const said =
      missing.length === 0
        ? 'every input has a row'
        : `inputs without a row: ${missing.map(([reason, count]) => `${count} ${reason}`).join(', ')}`;
    return several ? `${shortPath(featureSet.folder)}: ${said}` : said;
  });
  session.note(
    `${counted(data.ids.length, 'labelled image')} of ${counted(data.classes.length, 'class')}${inAll}, ${features} features each; ${lost.join('; ')}`,
  );
  for (const { viewsPerImage, featureSet } of tables) {
    if (viewsPerImage === 0) continue;
    const of = several ? ` in ${shortPath(featureSet.folder)}` : '';
    session.note(`${viewsPerImage} augmented views of each training image${of} are trained on too`);
  }
  for (const warning of new Set(tables.flatMap(({ warnings }) => warnings))) session.warn(`warning: ${warning}`);
}

/** Prints the events of a run, each warning once. */
export function eventPrinter(
  data: LabelledData<RowSource>,
  repeats: number,
  session: Session,
  status: StatusLine,
): (event: ClassifyEvent) => void {
  const meter = new FitMeter();
  let lastLine = performance.now();
  return (event) => {
    switch (event.kind) {
      case 'split': {
        const train = event.train === event.of ? event.train : `${event.train} of ${event.of}`;
        session.note(`${train} training and ${event.test} test images${repeats === 1 ? '' : `, ${repeats} times`}`);
        break;
      }
      case 'memory':
        if (isTight(event.needs, event.available)) session.note(memoryNote(event.needs, event.available));
        break;
      case 'stream':
        session.note(streamNote(event.plan, event.memory));
        break;
      case 'check':
        status.show(`checking the rows: ${event.done}/${event.total}`);
        break;
      case 'progress': {
        const { message, rowsRead } = event.progress;
        const place = repeats === 1 ? event.head.model : `${event.head.model}, split ${event.repeat + 1} of ${repeats}`;
        if (message === undefined) {
          const now = performance.now();
          const line = meter.describe(place, event.progress, now);
          status.show(line);
          // A fit on rows from the disk may take hours: a log shows that it continues.
          if (rowsRead === undefined || status.shown || now - lastLine < 1000 * secondsBetweenLines) return;
          lastLine = now;
          session.note(line);
          return;
        }
        status.clear();
        session.note(`${place}: ${message}`);
        break;
      }
      case 'repeat':
        status.clear();
        if (repeats === 1) return;
        session.note(
          `${event.head.model}, split ${event.repeat + 1} of ${repeats}: accuracy ${percent(event.accuracy)}`,
        );
        break;
      case 'report':
        status.clear();
        for (const warning of event.report.warnings) {
          // Copies are reported once for all heads, when they are done.
          if (warning === describeCopies([event.report])) continue;
          if (!data.warnings.includes(warning)) session.warn(`warning: ${event.report.model}: ${warning}`);
        }
        if (event.report.uncalibratedLogLoss !== undefined) {
          const before = event.report.uncalibratedLogLoss.toFixed(3);
          session.note(
            `${event.report.model}: log loss ${before} before calibration, ${event.report.logLoss.toFixed(3)} with it`,
          );
        }
        for (const { repeat, trainSize, accuracy, logLoss } of event.report.learningCurve ?? []) {
          const place = repeats === 1 ? '' : `split ${repeat + 1}, `;
          const figures = `accuracy ${percent(accuracy)}, log loss ${logLoss.toFixed(3)}`;
          session.note(`${event.report.model}, ${place}${counted(trainSize, 'training image')}: ${figures}`);
        }
        break;
      case 'fold':
        status.show(`labels: ${event.head.model}, fold ${event.done + 1} of ${event.total}`);
        break;
      case 'labels':
        status.clear();
        break;
      default:
        event satisfies never;
    }
  };
}

/** `svm looked at 1000 labels, each held out of one of 5 folds: 37 may be wrong, …`. */
export function labelsNote({ model, folds, images, imageCount, unjudged }: LabelCheckFile, file: string): string {
  const suspected = images.filter((image) => image.suspected).length;
  const looked = unjudged === 0 ? `${imageCount}` : `${images.length} of ${imageCount}`;
  const without = unjudged === 0 ? '' : `; ${unjudged} are the only images of their class and cannot be checked`;
  const found = suspected === 0 ? 'none looks wrong' : `${suspected} may be wrong, the most likely first in ${file}`;
  return `labels: ${model} checked ${looked} by ${folds}-fold cross-validation: ${found}${without}`;
}

/** Whether a fit needs more than half of the free memory. */
function isTight(needs: readonly FitNeeds[], available: number): boolean {
  return needs.some(({ bytes }) => bytes > available / 2);
}

function memoryNote(needs: readonly FitNeeds[], available: number): string {
  const [only] = needs;
  const bytes = `of ${formatBytes(available)}`;
  if (needs.length === 1 && only !== undefined) return `memory: about ${describeNeeds(only.parts)} ${bytes}`;
  return `memory, about: ${needs.map((need) => `${need.head.model} ${formatBytes(need.bytes)}`).join(', ')}; each ${bytes}`;
}

function streamNote({ data, blockRows, keptRows }: StreamPlan, memory: number): string {
  const { rowCount } = data.features.reader.store;
  const kept = keptRows === 0 ? 'every pass reads all of them' : `${keptRows} of ${rowCount} stay in memory`;
  return `by stream within ${formatBytes(memory)}: ${counted(blockRows, 'row')} at a time, ${kept}`;
}

/** A report as `--json` prints it, with its head's label check; splits and confusion matrix are only in report.json. */
export function summary(report: Report, check?: LabelCheckFile): Readonly<Record<string, unknown>> {
  const { model, solver, params, accuracy, top5Accuracy, logLoss, macroF1, balancedAccuracy } = report;
  const { classes, trainSize, testSize, seed, fitSeconds, predictSeconds, features, uncalibratedLogLoss } = report;
  const { subsample, smallClasses, grouping, copies } = report;
  return {
    ...{ model, solver, params, accuracy, top5Accuracy, logLoss, macroF1, balancedAccuracy },
    uncalibratedLogLoss,
    perRepeat: report.perRepeat.map(({ train: _train, test: _test, ...figures }) => figures),
    ...{ classes, trainSize, testSize, seed, fitSeconds, predictSeconds, features },
    subsample,
    smallClasses,
    grouping,
    copies,
    ...(check === undefined
      ? {}
      : {
          labelCheck: {
            folds: check.folds,
            images: check.images.length,
            unjudged: check.unjudged,
            suspected: check.images.filter(({ suspected }) => suspected).length,
          },
        }),
    warnings: report.warnings,
    report: report.report,
  };
}

import type { ClassifyEvent } from '../classify/classify.ts';
import type { LabelledData } from '../classify/labelled-data.ts';
import type { Rows } from '../features/stored-rows.ts';
import { percent } from '../report/figures.ts';
import type { Report } from '../report/report.ts';
import type { StatusLine } from './status-line.ts';
import type { Session } from './verb.ts';

export function describeData(data: LabelledData<Rows>, session: Session): void {
  const missing = Object.entries(data.featureSet.missing);
  const lost = missing.map(([reason, count]) => `${count} ${reason}`).join(', ');
  session.note(
    `${data.ids.length} labelled images of ${data.classes.length} classes, ${data.featureSet.dims} features each; ` +
      (missing.length === 0 ? 'every input has a row' : `inputs without a row: ${lost}`),
  );
  if (data.views !== undefined) {
    session.note(`${data.views.rowCount / data.ids.length} augmented views of each training image are trained on too`);
  }
  for (const warning of data.warnings) session.warn(`warning: ${warning}`);
}

/** Prints what a run tells, each warning once. */
export function eventPrinter(
  data: LabelledData<Rows>,
  repeats: number,
  session: Session,
  status: StatusLine,
): (event: ClassifyEvent) => void {
  return (event) => {
    switch (event.kind) {
      case 'split':
        session.note(
          `${event.train} training and ${event.test} test images${repeats === 1 ? '' : `, ${repeats} times`}`,
        );
        break;
      case 'progress': {
        const { message, stage, done, total } = event.progress;
        const place = repeats === 1 ? event.head.model : `${event.head.model}, split ${event.repeat + 1} of ${repeats}`;
        if (message === undefined) return status.show(`${place}: ${stage} ${done}/${total}`);
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
          session.note(`${event.report.model}, ${place}${trainSize} training images: ${figures}`);
        }
        break;
      default:
        event satisfies never;
    }
  };
}

/** What `--json` says of a report; the exact splits and the confusion matrix are in its report.json. */
export function summary(report: Report): Readonly<Record<string, unknown>> {
  const { model, solver, params, accuracy, top5Accuracy, logLoss, macroF1, balancedAccuracy } = report;
  const { classes, trainSize, testSize, seed, fitSeconds, predictSeconds, features, uncalibratedLogLoss } = report;
  return {
    ...{ model, solver, params, accuracy, top5Accuracy, logLoss, macroF1, balancedAccuracy },
    ...(uncalibratedLogLoss === undefined ? {} : { uncalibratedLogLoss }),
    perRepeat: report.perRepeat.map(({ train: _train, test: _test, ...figures }) => figures),
    ...{ classes, trainSize, testSize, seed, fitSeconds, predictSeconds, features },
    warnings: report.warnings,
    report: report.report,
  };
}

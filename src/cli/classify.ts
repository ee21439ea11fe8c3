import { availableParallelism } from 'node:os';
import { newestFeatureSet } from '../classify/choose-features.ts';
import { chooseHeads } from '../classify/choose-heads.ts';
import { type ClassifyEvent, classify } from '../classify/classify.ts';
import { headKinds } from '../classify/heads/index.ts';
import { joinLabels, type LabelledData } from '../classify/labelled-data.ts';
import { readLabels } from '../classify/labels-file.ts';
import { checkSeed } from '../classify/split.ts';
import { usageError } from '../errors.ts';
import { openFeatureSet } from '../features/reader.ts';
import { percent, seconds } from '../report/figures.ts';
import type { Report } from '../report/report.ts';
import { type Column, textTable } from '../report/text-table.ts';
import { headOptions, headParams, sweepOptions } from './head-options.ts';
import { list, number, text } from './options.ts';
import { statusLine } from './status-line.ts';
import type { Options, Session, Verb } from './verb.ts';

export const classifyVerb: Verb = {
  command: 'classify',
  describe: 'train heads on a feature set, test them, write a report for each',
  options: (yargs) =>
    headOptions(
      yargs
        .option('model', {
          type: 'string',
          array: true,
          describe: `${headKinds.map((kind) => kind.model).join(' | ')}, repeatable, or all`,
        })
        .option('features', { type: 'string', describe: 'folder of a feature set (default: the newest in cache)' })
        .option('labels', {
          type: 'string',
          describe: 'CSV with the header id,label, instead of those found at extraction',
        })
        .option('test-size', {
          type: 'string',
          describe: 'test images of each split: a fraction or a count',
          default: '0.1',
        })
        .option('seed', { type: 'string', describe: 'of the splits and of every draw', default: '0' })
        .option('repeats', { type: 'string', describe: 'how many splits', default: '1' })
        .option('max-missing', {
          type: 'string',
          describe: 'share of inputs without a row that is put up with (files missing at extraction do not count)',
          default: '0.01',
        })
        .option('out', { type: 'string', describe: 'folder of reports', default: 'reports' })
        .option('threads', { type: 'string', describe: 'upper bound; changes no number (default: all cores)' }),
    ),
  run: async (options: Options, session: Session): Promise<number> => {
    const models = list(options, 'model');
    if (models.length === 0)
      throw usageError('--model', 'nothing', `${headKinds.map((k) => k.model).join(' | ')} | all`);
    const seed = number(options, 'seed', {}, 0);
    checkSeed(seed);
    const heads = chooseHeads(models, headParams(options), sweepOptions(options));
    const repeats = number(options, 'repeats', { min: 1, whole: true }, 1);
    const testSize = number(options, 'test-size', { above: 0 }, 0.1);
    const threads = number(options, 'threads', { min: 1, whole: true }, availableParallelism());
    const data = await readData(options, session);
    describeData(data, session);

    const status = statusLine(session);
    const onEvent = (event: ClassifyEvent): void => showEvent(event, repeats, session, status);
    try {
      const reports = await classify(data, {
        heads,
        testSize,
        seed,
        repeats,
        threads,
        out: text(options, 'out', 'reports'),
        signal: session.signal,
        command: session.command,
        onEvent,
      });
      session.print(reportTable(reports).join('\n'));
      session.printJson(reports.map(summary));
    } finally {
      status.clear();
    }
    return 0;
  },
};

async function readData(options: Options, session: Session): Promise<LabelledData> {
  let folder = text(options, 'features');
  if (folder === undefined) {
    const chosen = await newestFeatureSet('cache');
    folder = chosen.folder;
    session.note(
      `features: ${folder}${chosen.others === 0 ? '' : `, the newest of ${chosen.others + 1} (--features names another)`}`,
    );
  }
  const labelsFile = text(options, 'labels');
  return joinLabels(await openFeatureSet(folder), {
    maxMissing: number(options, 'max-missing', { min: 0, max: 1 }, 0.01),
    ...(labelsFile === undefined ? {} : { labels: await readLabels(labelsFile) }),
  });
}

function describeData(data: LabelledData, session: Session): void {
  const missing = Object.entries(data.featureSet.missing);
  const lost = missing.map(([reason, count]) => `${count} ${reason}`).join(', ');
  session.note(
    `${data.ids.length} labelled images of ${data.classes.length} classes, ${data.featureSet.dims} features each; ` +
      (missing.length === 0 ? 'every input has a row' : `inputs without a row: ${lost}`),
  );
  for (const warning of data.warnings) session.warn(`warning: ${warning}`);
}

function showEvent(
  event: ClassifyEvent,
  repeats: number,
  session: Session,
  status: ReturnType<typeof statusLine>,
): void {
  switch (event.kind) {
    case 'split':
      session.note(`${event.train} training and ${event.test} test images${repeats === 1 ? '' : `, ${repeats} times`}`);
      break;
    case 'progress': {
      const { message, stage, done, total } = event.progress;
      status.clear();
      const place = repeats === 1 ? event.head.model : `${event.head.model}, split ${event.repeat + 1} of ${repeats}`;
      if (message !== undefined) session.note(`${place}: ${message}`);
      else status.show(`${place}: ${stage} ${done}/${total}`);
      break;
    }
    case 'repeat':
      status.clear();
      if (repeats > 1) {
        session.note(
          `${event.head.model}, split ${event.repeat + 1} of ${repeats}: accuracy ${percent(event.accuracy)}`,
        );
      }
      break;
    case 'report':
      status.clear();
      for (const warning of event.report.warnings.slice(0)) {
        session.warn(`warning: ${event.report.model}: ${warning}`);
      }
      break;
    default:
      event satisfies never;
  }
}

const columns: readonly Column[] = [
  { title: 'model', align: 'left' },
  { title: 'accuracy', align: 'right' },
  { title: 'top-5', align: 'right' },
  { title: 'log loss', align: 'right' },
  { title: 'macro F1', align: 'right' },
  { title: 'fit s', align: 'right' },
  { title: 'predict s', align: 'right' },
  { title: 'report', align: 'left' },
];

function reportTable(reports: readonly Report[]): string[] {
  return textTable(
    columns,
    reports.map((report) => [
      `${report.model} (${report.solver})`,
      percent(report.accuracy),
      percent(report.top5Accuracy),
      report.logLoss.toFixed(3),
      report.macroF1.toFixed(3),
      seconds(report.fitSeconds),
      seconds(report.predictSeconds),
      report.report,
    ]),
  );
}

/** What `--json` says of a report; the exact splits and the confusion matrix are in its report.json. */
function summary(report: Report) {
  const { model, solver, params, accuracy, top5Accuracy, logLoss, macroF1, balancedAccuracy } = report;
  const { classes, trainSize, testSize, seed, fitSeconds, predictSeconds, features } = report;
  return {
    ...{ model, solver, params, accuracy, top5Accuracy, logLoss, macroF1, balancedAccuracy },
    perRepeat: report.perRepeat.map(({ train: _train, test: _test, ...figures }) => figures),
    ...{ classes, trainSize, testSize, seed, fitSeconds, predictSeconds, features },
    warnings: report.warnings,
    report: report.report,
  };
}

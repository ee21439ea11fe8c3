import { dirname, resolve } from 'node:path';
import type { EmbedderOptions } from '../predict/embedder.ts';
import type { OverlayFolder } from '../predict/evidence/overlay.ts';
import { type AnswerOptions, imageAnswer } from '../predict/image-answer.ts';
import type { InputFailure } from '../predict/inputs.ts';
import { loadAskedHead, type ShippedHead } from '../predict/load-head.ts';
import { answerOptions, embedderOptions, headOption, uncertaintyOptions } from '../predict/options.ts';
import { csvOutput, jsonOutput, type OutputFormat, textOutput } from '../predict/output.ts';
import type { ImageOutcome } from '../predict/predict.ts';
import { bestHead } from '../predict/propose-heads.ts';
import { answers, plainLayout, readSampleLayout } from '../predict/submission/layout.ts';
import { checkOverwrite } from '../predict/submission/overwrite.ts';
import { SubmissionWriter } from '../predict/submission/writer.ts';
import { DurableFile, makeFolder } from '../system/durable.ts';
import { usageError } from '../system/errors.ts';
import { nodeFiles } from '../system/files.ts';
import { counted } from '../system/printable.ts';
import { refuseHeadAmongImages } from './predict/head-among-images.ts';
import { askedUncertainty, overlayOption } from './predict/uncertainty.ts';
import { retyped, withOption } from './retyped.ts';
import { isSameOutput, type StatusLine, statusLine } from './status-line.ts';
import { defineVerb, type Session, type Verb } from './verb.ts';

const options = {
  images: {
    describe:
      'files, folders at any depth, archives (.zip, .tar), tables that name images, quoted globs, or - for a list of paths or one image on standard input',
    text: true,
    list: 'whole',
    positional: true,
  },
  head: headOption,
  top: answerOptions.top,
  csv: { describe: 'path,id,rank,class,probability on stdout, or into FILE.csv', text: true, bare: true },
  submission: { describe: 'write a Kaggle submission: id, one probability per class', text: true },
  sample: {
    describe: "the contest's sample_submission.csv: its columns, and its ids in their own form",
    text: true,
  },
  submissionAs: {
    describe: 'what the only column of --sample holds',
    words: answers,
    unset: 'inferred from its values',
  },
  positive: {
    describe: 'the class whose probability that column holds',
    text: true,
    unset: 'the second',
  },
  batch: answerOptions.batch,
  ...embedderOptions,
  ...uncertaintyOptions,
  ...overlayOption,
} as const;

export const predictVerb: Verb = defineVerb({
  writes: { option: '--submission FILE.csv', others: ['--csv FILE.csv', '--evidence FOLDER'], file: 'submission.csv' },
  options,
  run: async (values, session) => {
    const { head: folder, top, batch, sample, submission, submissionAs, positive } = values;
    const { csv, csvFile, images } = csvAsked(values.csv);
    const paths = [...images, ...values.images];
    if (paths.length === 0) {
      const args =
        folder === undefined ? withOption(session.args, 'head', (await bestHead()) ?? 'REPORT') : session.args;
      const { imagesHere } = await import('./predict/meant-images.ts');
      const there = (await imagesHere()) ?? 'photo.jpg';
      throw usageError('the list of images', 'nothing', 'files, folders, globs, or -', retyped([...args, there]));
    }
    if (csv && session.json) throw usageError('--csv', '--json beside it', 'one of the two', { value: null });
    if (sample !== undefined && submission === undefined) {
      const fix = retyped(withOption(session.args, 'submission', 'submission.csv'));
      throw usageError('--sample', 'no --submission', '--submission FILE.csv beside it', fix);
    }
    if (sample !== undefined && submission !== undefined && resolve(sample) === resolve(submission)) {
      throw usageError('--submission', `${submission}, the --sample itself`, 'a file of its own');
    }
    for (const [option, value] of Object.entries({ 'submission-as': submissionAs, positive })) {
      if (value !== undefined && sample === undefined) {
        const fix = retyped(withOption(session.args, 'sample', 'sample_submission.csv'));
        throw usageError(`--${option}`, 'no --sample', '--sample sample_submission.csv beside it', fix);
      }
    }
    const asked = askedUncertainty(values, submission);

    if (folder === undefined) refuseHeadAmongImages(paths, session.args);
    const shipped = await loadAskedHead({
      folder,
      command: async (head) => {
        const { withMeantPaths } = await import('./predict/meant-images.ts');
        return retyped(withOption(await withMeantPaths(paths, session.args), 'head', head));
      },
    }).catch(async (error: unknown) => {
      const { alsoMissing } = await import('./predict/meant-images.ts');
      throw alsoMissing(error, paths);
    });
    // Loads the readers of archives and tables.
    const { checkAnyThere } = await import('./predict/meant-images.ts');
    await checkAnyThere(paths, shipped.report, session);
    const { classes } = shipped.head;
    const layout =
      sample === undefined
        ? plainLayout(classes)
        : await readSampleLayout(sample, classes, { answer: submissionAs, positive });
    if (sample !== undefined) session.note(`${sample}: ${layout.reading}`);
    if (shipped.report.featureSet.randomWeights) {
      session.warn('warning: the backbone has random weights: these answers say nothing about pretrained features');
    }
    const { openUncertainty } = await import('../predict/uncertainty.ts');
    const knowing = await openUncertainty(shipped.report, asked, values.threads, {
      warn: (line) => session.warn(`warning: ${line}`),
      note: session.note,
    });
    const format = session.json ? jsonOutput(shipped.folder) : csv ? csvOutput(asked) : textOutput();
    const overlays = asked.overlays === undefined ? undefined : await openOverlays(asked.overlays);
    const writer = submission === undefined ? undefined : await SubmissionWriter.open(submission, layout, classes);
    const answers = csvFile === undefined ? undefined : await openAnswers(csvFile);
    try {
      const failed = await predictAll(shipped, paths, {
        ...knowing,
        ...{ weights: values.weights, seed: values.seed, threads: values.threads },
        ...{ batch, top, format, writer, answers, overlays, session },
      });
      if (answers !== undefined) {
        await answers.finish();
        session.note(`answers: ${csvFile}`);
      }
      if (writer !== undefined)
        await finishSubmission(writer, `${submission}`, { failed, logLoss: shipped.report.logLoss }, session);
      return failed.length === 0 ? 0 : 1;
    } catch (error) {
      await answers?.discard();
      await writer?.abandon();
      throw error;
    }
  },
});

async function openOverlays(folder: string): Promise<OverlayFolder> {
  // Loads the encoder of images.
  const { OverlayFolder } = await import('../predict/evidence/overlay.ts');
  return new OverlayFolder(folder);
}

/** `--csv` alone writes to stdout, `--csv FILE.csv` to a file; any other word after it is an image. */
function csvAsked(given: string | undefined): { csv: boolean; csvFile?: string; images: readonly string[] } {
  if (given === undefined) return { csv: false, images: [] };
  if (given === '') return { csv: true, images: [] };
  return /\.csv$/i.test(given) ? { csv: true, csvFile: given, images: [] } : { csv: true, images: [given] };
}

async function openAnswers(file: string): Promise<DurableFile> {
  checkOverwrite(file, 'path,id,rank,class,probability', '--csv');
  await makeFolder(nodeFiles, dirname(file));
  return DurableFile.open(nodeFiles, file, { aloneWithinMs: 0 });
}

interface PredictRun extends AnswerOptions, Omit<EmbedderOptions, 'device'> {
  readonly batch: number;
  readonly format: OutputFormat;
  readonly writer: SubmissionWriter | undefined;
  /** Output file; undefined: stdout. */
  readonly answers: DurableFile | undefined;
  readonly overlays: OverlayFolder | undefined;
  readonly session: Session;
}

/** Predicts all images, writes each answer immediately, and returns the failures. */
async function predictAll(
  shipped: ShippedHead,
  paths: readonly string[],
  run: PredictRun,
): Promise<readonly InputFailure[]> {
  const { session, format, writer, answers, overlays } = run;
  const write = (piece: string): Promise<void> =>
    answers === undefined ? session.write(piece) : answers.write(new TextEncoder().encode(piece));
  const failed: InputFailure[] = [];
  const status = statusLine(session);
  const toStdout = answers === undefined && (writer === undefined || session.json);
  // Printed answers show the progress themselves.
  const silent = toStdout && isSameOutput();
  // Loads ONNX Runtime and the image decoders: wrong options fail without them.
  const { predictPaths } = await import('../predict/predict-paths.ts');
  const outcomes = predictPaths(shipped, paths, {
    ...run,
    stdin: process.stdin,
    signal: session.signal,
    evidence: overlays !== undefined ? 'must' : run.why === true ? 'may' : undefined,
    onFailure: (failure) => failed.push(failure),
    onNote: session.note,
  });
  try {
    await write(format.start);
    let done = 0;
    let clipped = 0;
    for await (const outcome of silent ? outcomes : progressing(outcomes, status, session)) {
      const { relativePath, id } = outcome.image;
      if (outcome.outcome === 'failed') {
        failed.push({ path: relativePath, reason: outcome.reason });
        continue;
      }
      done++;
      if (outcome.clipped) clipped++;
      await writer?.append(outcome.image, outcome);
      // With a submission the answers are in its file.
      if (writer === undefined || answers !== undefined || session.json) {
        const shown = overlays === undefined ? outcome.evidence : await overlays.write(outcome);
        await write(format.predicted(relativePath, id, await imageAnswer(outcome, shipped.head.classes, run, shown)));
      }
    }
    await write(format.end(failed));
    const { tellFailures } = await import('./predict/meant-images.ts');
    await tellFailures(paths, { failed, done }, shipped.report, session);
    if (clipped > 0) {
      session.warn(
        `${clipped} of the images ${clipped === 1 ? 'is' : 'are'} grey with 16 bits, clipped at 255 (almost all white) as this head's features were; ` +
          'extract with --sixteen-bit scale and train on that to keep their contrast',
      );
    }
    return failed;
  } finally {
    status.clear();
  }
}

async function* progressing(
  outcomes: AsyncIterable<ImageOutcome>,
  status: StatusLine,
  session: Session,
): AsyncGenerator<ImageOutcome> {
  const start = performance.now();
  let told = start;
  let done = 0;
  for await (const outcome of outcomes) {
    status.clear();
    yield outcome;
    done++;
    const now = performance.now();
    const line = `${done} ${done === 1 ? 'image' : 'images'}, ${(done / ((now - start) / 1000)).toFixed(1)} images/s`;
    status.show(line);
    if (process.stderr.isTTY !== true && now - told > 10_000) {
      told = now;
      session.note(line);
    }
  }
}

async function finishSubmission(
  writer: SubmissionWriter,
  file: string,
  { failed, logLoss }: { readonly failed: readonly InputFailure[]; readonly logLoss: number },
  session: Session,
): Promise<void> {
  await writer.finish(failed);
  session.note(`submission: ${file}; on held-out images the head had a log loss of ${logLoss.toFixed(3)}`);
  const foreign = writer.foreignCount;
  if (foreign > 0) session.note(`left out: ${counted(foreign, 'image')} that the sample does not ask for`);
}

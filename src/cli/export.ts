import { dirname, join, parse } from 'node:path';
import type { Report } from '../classify/result/report.ts';
import { checkExport, rowsToCheck } from '../export/check-export.ts';
import { exportHead } from '../export/export-head.ts';
import { exportMetadata } from '../export/metadata.ts';
import { withBackbone } from '../export/with-backbone.ts';
import { readActivationRanges } from '../extract/activation-ranges.ts';
import { openBackbone, openInt8Network, openNetwork } from '../extract/backbone/open-backbone.ts';
import { encodeModel } from '../formats/onnx/encode.ts';
import type { OnnxModel } from '../formats/onnx/schema.ts';
import { type EmbedderOptions, featureRecipe, sameWeights } from '../predict/embedder.ts';
import { loadAskedHead } from '../predict/load-head.ts';
import { embedderOptions, headOption } from '../predict/options.ts';
import { formatBytes, makeFolder, patienceMs, writeDurably } from '../system/durable.ts';
import { UserError, usageError } from '../system/errors.ts';
import { nodeFiles, statIfThere } from '../system/files.ts';
import { readRangeSync } from '../system/regular-file.ts';
import { retyped, withOption } from './retyped.ts';
import { defineVerb, type Session, type Verb } from './verb.ts';

/** Rows on which an export is checked before it is written. */
const checkedRows = 256;

export const exportVerb: Verb = defineVerb({
  writes: { option: '--to FILE.onnx', file: 'head.onnx' },
  options: {
    head: headOption,
    to: { describe: 'the .onnx file to write', text: true },
    replace: { describe: 'overwrite a file that export did not write', flag: true },
    withBackbone: { describe: 'the whole network, from normalized pixels to probabilities', flag: true },
    weights: embedderOptions.weights,
    seed: embedderOptions.seed,
  },
  run: async ({ head: folder, to, replace, withBackbone: whole, weights, seed }, session) => {
    const args = to === undefined ? withOption(session.args, 'to', 'head.onnx') : session.args;
    const command = (head: string): string => retyped(withOption(args, 'head', head));
    if (to === undefined) {
      // If --head is missing too, the message names both.
      await loadAskedHead({ folder, command });
      throw usageError('--to', 'nothing', '--to FILE.onnx', retyped(args));
    }
    await checkTarget(to, replace, session);
    if (!whole && weights !== undefined) {
      throw usageError('--weights', 'no --with-backbone', '--with-backbone beside it');
    }

    const { head, saved, report } = await loadAskedHead({ folder, command });
    const alone = exportHead(saved, exportMetadata(report));
    const { rows, what } = await rowsToCheck(report, checkedRows);
    const worst = await checkExport(encodeModel(alone), head, rows);
    const model = whole ? await joinBackbone(alone, report, { weights, seed }) : alone;
    const bytes = encodeModel(model);
    await makeFolder(nodeFiles, dirname(to));
    await writeDurably(nodeFiles, to, [bytes], { aloneWithinMs: patienceMs });

    const input = model.graph.input[0]?.name ?? '';
    const inputShape = shapeOf(model);
    session.print(
      `${to}: ${formatBytes(bytes.length)}, ${input} float32 [${inputShape.join(', ')}] to probabilities and label`,
    );
    session.note(
      `checked in ONNX Runtime on ${what}: no probability of the head differs by more than ${worst.toExponential(1)}${whole ? '; the network before it was not run' : ''}`,
    );
    session.printJson({
      file: to,
      bytes: bytes.length,
      input,
      inputShape,
      classes: head.classes.length,
      withBackbone: whole,
      largestDifference: worst,
    });
    return 0;
  },
});

/** Runtimes recognize a model by its extension; files of other programs are only overwritten with --replace. */
async function checkTarget(to: string, replace: boolean, session: Session): Promise<void> {
  const command = (value: string): string => retyped(withOption(session.args, 'to', value));
  if (!/\.onnx$/i.test(to)) {
    const { dir, name } = parse(to);
    throw usageError('--to', to, '--to FILE.onnx', command(join(dir, `${name}.onnx`)));
  }
  if (replace || (await statIfThere(nodeFiles, to))?.isFile() !== true || isOwn(to)) return;
  throw new UserError({
    what: 'the file exists already, and export did not write it',
    where: to,
    fix: '--replace overwrites it, --to FILE.onnx writes another',
    exitCode: 2,
  });
}

/** Whether a file starts like a model of this program: IR version, then producer name. */
function isOwn(file: string): boolean {
  const begin = readRangeSync(file, 0, 64);
  return begin[0] === 0x08 && begin.includes('featuretap');
}

async function joinBackbone(
  head: OnnxModel,
  report: Report,
  given: Pick<EmbedderOptions, 'weights' | 'seed'>,
): Promise<OnnxModel> {
  const { fields, folder } = featureRecipe(report);
  const activationRanges =
    fields.calibration === undefined
      ? undefined
      : await readActivationRanges([report.report, folder], fields.calibration.sha256);
  const weights = await sameWeights(report, given);
  const { preprocessing, tap } = fields;
  const backbone = await openBackbone({ weights, tap, preprocessing, activationRanges });
  try {
    const network =
      activationRanges === undefined
        ? openNetwork(weights, preprocessing.crop)
        : openInt8Network(weights, { preprocessing, tap }, activationRanges);
    return withBackbone(head, network, fields, backbone.tap.shape);
  } finally {
    await backbone.close();
  }
}

function shapeOf(model: OnnxModel): readonly (string | number)[] {
  const dim = model.graph.input[0]?.type?.tensorType?.shape?.dim ?? [];
  return dim.map(({ dimParam, dimValue }) => dimParam ?? Number(dimValue));
}

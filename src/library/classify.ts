import { availableParallelism } from 'node:os';
import { type ClassifyOptions as Asked, classify as classifyData } from '../classify/classify.ts';
import { groupsColumn, withGroups } from '../classify/copies/copies.ts';
import { checkDrawn, chooseSplits } from '../classify/data/choose-splits.ts';
import { type ExternalOptions, openExternalFeatures } from '../classify/data/external-features.ts';
import { joinRows, type LabelledData } from '../classify/data/labelled-data.ts';
import { readLabelsOf } from '../classify/data/labels-file.ts';
import { isExternal } from '../classify/data/matrix/open-matrix.ts';
import { type ClassifyValues, classifyOptions } from '../classify/options.ts';
import type { Report } from '../classify/result/report.ts';
import { openFeatureSet } from '../features/reader.ts';
import type { Head } from '../models/model.ts';
import type { RowSource } from '../rows/row-source.ts';
import { type GivenOptions, optionName, readOptions } from '../system/options.ts';

const { features: _, ...ownOptions } = classifyOptions;

/** Options of `classify`: the heads, and the command line's options with the same names and defaults. */
export interface ClassifyOptions
  extends Omit<GivenOptions<typeof classifyOptions>, 'features'>,
    Omit<Partial<Asked>, keyof typeof classifyOptions>,
    Pick<ExternalOptions, 'onNote'> {
  /** Folder of a feature set, a matrix file (`X.npy`), or rows already joined with labels. */
  readonly features: string | LabelledData<RowSource>;
  readonly heads: readonly Head[];
}

/**
 * Trains and tests every head on the same splits and writes a report for each.
 *
 * @returns the reports, in the order of the heads
 * @throws UserError if the rows cannot be read, split or fitted, or the reports cannot be written
 */
export async function classify(options: ClassifyOptions): Promise<Report[]> {
  const { features, splits, signal, onNote = () => {}, ...given } = options;
  const values = readOptions(ownOptions, { ...given }, 'program');
  const drawn = (['testSize', 'repeats', 'groups'] as const).find((name) => options[name] !== undefined);
  checkDrawn(values, drawn && optionName(drawn));
  const joined = await openData(features, values, onNote);
  const [data = joined] = await withGroups([joined], values, onNote, signal);
  const say = { note: onNote, warn: onNote };
  return classifyData(data, {
    command: 'featuretap classify, called by a program',
    // Loaded on demand: they load native code.
    loadNetworkTail: async (...asked) => (await import('../predict/network-tail.ts')).loadNetworkTail(...asked),
    encodeWords: async (...asked) => (await import('../predict/words.ts')).encodeWords(...asked),
    ...options,
    ...values,
    threads: values.threads ?? availableParallelism(),
    splits: splits ?? (await chooseSplits(values, data, drawn && optionName(drawn), say)),
  });
}

async function openData(
  features: ClassifyOptions['features'],
  values: Omit<ClassifyValues, 'features'>,
  onNote: (line: string) => void,
): Promise<LabelledData<RowSource>> {
  if (typeof features !== 'string') return features;
  const rows = { ...values, groups: groupsColumn(values) };
  if (await isExternal(features)) return openExternalFeatures(features, values.labels, { ...rows, onNote });
  const set = await openFeatureSet(features);
  const labels = values.labels === undefined ? undefined : await readLabelsOf(set, values.labels, rows);
  if (labels !== undefined) onNote(labels.reading);
  return joinRows(set, { ...rows, labels });
}

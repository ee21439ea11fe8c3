import { availableParallelism } from 'node:os';
import { type ClassifyOptions as Asked, classify as classifyData } from '../classify/classify.ts';
import { type ExternalOptions, openExternalFeatures } from '../classify/data/external-features.ts';
import { givenSplit } from '../classify/data/given-split.ts';
import { joinRows, type LabelledData } from '../classify/data/labelled-data.ts';
import { readLabels } from '../classify/data/labels-file.ts';
import { isForeign } from '../classify/data/matrix/open-matrix.ts';
import type { Report } from '../classify/result/report.ts';
import { openFeatureSet } from '../features/reader.ts';
import type { Head } from '../models/model.ts';
import type { RowSource } from '../rows/row-source.ts';

/** Options of `classify`; the names and defaults are those of its options on the command line. */
export interface ClassifyOptions extends Partial<Asked>, ExternalOptions {
  /** Folder of a feature set, a matrix of another program (`X.npy`), or rows that were joined with labels before. */
  readonly features: string | LabelledData<RowSource>;
  readonly heads: readonly Head[];
  /** A file of ids and labels, instead of those found at extraction; of a matrix one label per row. */
  readonly labels?: string;
  /** Largest share of inputs that may have no row. Default: 0.01. */
  readonly maxMissing?: number;
  /** Leave the set's augmented views alone. */
  readonly withoutViews?: boolean;
}

/**
 * Trains and tests every head on the same splits and writes a report for each.
 *
 * @returns the reports, in the order of the heads
 * @throws UserError when the rows cannot be read, split or fitted, or the reports cannot be written
 */
export async function classify(options: ClassifyOptions): Promise<Report[]> {
  const data = await openData(options);
  const drawn = data.groups !== undefined || options.testSize !== undefined || options.repeats !== undefined;
  const splits = options.splits ?? (drawn ? undefined : givenSplit(data)?.splits);
  return classifyData(data, {
    testSize: 0.1,
    seed: 0,
    repeats: 1,
    threads: availableParallelism(),
    out: 'reports',
    command: 'featuretap classify, called by a program',
    // Loaded when they are called: they bring native code.
    loadNetworkTail: async (...asked) => (await import('../predict/network-tail.ts')).loadNetworkTail(...asked),
    encodeWords: async (...asked) => (await import('../predict/words.ts')).encodeWords(...asked),
    ...options,
    ...(splits && { splits }),
  });
}

async function openData(options: ClassifyOptions): Promise<LabelledData<RowSource>> {
  const { features, labels, maxMissing = 0.01 } = options;
  if (typeof features !== 'string') return features;
  if (isForeign(features)) return openExternalFeatures(features, labels, options);
  const { labels: _file, ...rows } = options;
  return joinRows(await openFeatureSet(features), {
    ...rows,
    labels: labels === undefined ? undefined : await readLabels(labels),
    maxMissing,
  });
}

import { basename } from 'node:path';
import { newestFeatureSet } from '../classify/choose-features.ts';
import { convertFeatureSet } from '../convert/convert.ts';
import { type FormatName, formatNames, formats } from '../convert/formats.ts';
import { openFeatureSet } from '../features/reader.ts';
import { formatBytes } from '../system/durable.ts';
import { usageError } from '../system/errors.ts';
import { choice, flag, positionals, text } from './options.ts';
import { statusLine } from './status-line.ts';
import type { Options, Session, Verb } from './verb.ts';

export const convertVerb: Verb = {
  writes: { option: '--out FILE' },
  options: (yargs) =>
    yargs
      .positional('features', {
        type: 'string',
        array: true,
        describe: 'folder of a feature set [the newest in cache]',
      })
      .option('to', { type: 'string', describe: formatNames.join(' | ') })
      .option('out', { type: 'string', describe: 'the file to write [NAME.npz, .parquet … in this folder]' })
      .option('replace', { type: 'boolean', describe: 'write over a file that is there' }),
  run: async (options: Options, session: Session): Promise<number> => {
    const to = choice<FormatName>(options, 'to', formatNames);
    if (to === undefined) throw usageError('--to', 'nothing', formatNames.join(' | '));
    const given = positionals(options, 'features');
    const [folder = (await newestFeatureSet('cache')).folder, ...more] = given;
    if (more.length > 0) throw usageError('the feature set', `${given.length} folders`, 'one');
    const set = await openFeatureSet(folder);
    const file = text(options, 'out', `${basename(set.folder)}${formats[to].extension}`);
    const status = statusLine(session);
    const converted = await convertFeatureSet(set, {
      to,
      file,
      replace: flag(options, 'replace'),
      signal: session.signal,
      onProgress: (bytes) => status.show(`${file}: ${formatBytes(bytes)}`),
    });
    status.clear();
    const { rowCount, columnCount, classCount, unlabelled, bytes } = converted;
    const views = set.rowsPerImage > 1 ? `; the ${set.rowsPerImage - 1} views of each image are left out` : '';
    session.print(
      `${file}: ${rowCount} rows of ${columnCount} float32, ${classCount} classes` +
        `${unlabelled > 0 ? `, ${unlabelled} without a label` : ''}, ${formatBytes(bytes)}${views}`,
    );
    session.print(`opens with: ${formats[to].opened(file)}`);
    session.printJson({ featureSet: set.folder, to, file, ...converted });
    return 0;
  },
};

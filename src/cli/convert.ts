import { basename } from 'node:path';
import { chosenFeatureSet } from '../classify/choose-features.ts';
import { convertFeatureSet } from '../convert/convert.ts';
import { formatNames, formats } from '../convert/formats.ts';
import { openFeatureSet } from '../features/reader.ts';
import { formatBytes } from '../system/durable.ts';
import { usageError } from '../system/errors.ts';
import { counted } from '../system/printable.ts';
import { onePath } from './retyped.ts';
import { statusLine } from './status-line.ts';
import { defineVerb, type Verb } from './verb.ts';

export const convertVerb: Verb = defineVerb({
  writes: { option: '--out FILE' },
  options: {
    features: {
      describe: 'folder of a feature set',
      text: true,
      list: 'whole',
      positional: true,
      unset: 'the newest in cache',
    },
    to: { describe: 'format of the file', words: formatNames },
    out: { describe: 'the file to write', text: true, unset: 'NAME.npz, .parquet … in this folder' },
    replace: { describe: 'overwrite an existing file', flag: true },
  },
  run: async ({ to, features: given, out, replace }, session) => {
    if (to === undefined) {
      const meant = formatNames.find((name) => out?.endsWith(formats[name].extension)) ?? 'npz';
      throw usageError('--to', 'nothing', formatNames.join(' | '), { value: meant });
    }
    const set = await openFeatureSet(await chosenFeatureSet(onePath(given, session), 'cache', session.note));
    const file = out ?? `${basename(set.folder)}${formats[to].extension}`;
    const status = statusLine(session);
    const converted = await convertFeatureSet(set, {
      to,
      file,
      replace,
      signal: session.signal,
      onProgress: (bytes) => status.show(`${file}: ${formatBytes(bytes)}`),
    });
    status.clear();
    const { rowCount, columnCount, classCount, unlabelled, bytes } = converted;
    const views = set.rowsPerImage > 1 ? `; the ${set.rowsPerImage - 1} views of each image are left out` : '';
    session.print(
      `${file}: ${counted(rowCount, 'row')} of ${columnCount} float32, ${counted(classCount, 'class')}` +
        `${unlabelled > 0 ? `, ${unlabelled} without a label` : ''}, ${formatBytes(bytes)}${views}`,
    );
    session.print(`opens with: ${formats[to].opened(file)}`);
    session.printJson({ featureSet: set.folder, to, file, ...converted });
    return 0;
  },
});

import { UserError } from '../../system/errors.ts';
import { readRangeSync } from '../../system/regular-file.ts';

/**
 * Refuses to overwrite a file with other contents, such as the table of labels. Earlier answers, which have the same
 * header, are overwritten.
 *
 * @param header the header line of the new file
 */
export function checkOverwrite(path: string, header: string, option: string): void {
  const expected = Buffer.from(header);
  let found: Buffer;
  try {
    found = readRangeSync(path, 0, expected.length);
  } catch {
    // Missing or unreadable: opening it for writing reports problems.
    return;
  }
  if (found.length === 0 || found.equals(expected)) return;
  const [line = ''] = found.toString('utf8').split(/\r?\n/);
  throw new UserError({
    what: 'a file of this name is there already, and holds something else than these answers',
    where: path,
    found: line.length > 60 ? `${line.slice(0, 60)}…` : line,
    expected: header.length > 60 ? `${header.slice(0, 60)}…` : header.trimEnd(),
    fix: `${option} OTHER.csv, or move that file away`,
    exitCode: 2,
  });
}

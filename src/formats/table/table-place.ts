import { dirname, join } from 'node:path';
import { UserError } from '../../system/errors.ts';
import { listIfThere, nodeFiles, statIfThere } from '../../system/files.ts';
import { nearestName } from '../../system/nearest.ts';
import { isTableName } from './open-table.ts';

const mostNamed = 10;

/** How a table was given on the command line: by an option or as an argument. */
export type TableNamed = { readonly option: string } | { readonly argument: string; readonly fix: string };

/** Suggests tables near a path that has none. @throws UserError if there is no such file, or it is a folder */
export async function checkTablePlace(path: string, named: TableNamed = { option: 'labels' }): Promise<void> {
  const found = await statIfThere(nodeFiles, path);
  // Pipes and devices are accepted.
  if (found !== undefined && !found.isDirectory()) return;
  const folder = found === undefined ? dirname(path) : path;
  const names = (await listIfThere(nodeFiles, folder)).filter(isTableName).sort();
  const tables = names.map((name) => join(folder, name));
  // The only table of a folder is probably of labels, not a list of corrections.
  const near = 'option' in named && tables.length === 1 ? tables[0] : nearestName(join(path), tables);
  const more = tables.length > mostNamed ? ` and ${tables.length - mostNamed} more` : '';
  const listed = tables.length === 0 ? '' : `: ${tables.slice(0, mostNamed).join(' | ')}${more}`;
  throw new UserError({
    what: found === undefined ? 'there is no such table' : 'a folder is not a table',
    where: 'option' in named ? `--${named.option}` : named.argument,
    found: path,
    expected: `a CSV, TSV, JSON Lines or Parquet file that is there${listed}`,
    ...('option' in named
      ? { option: { name: named.option, value: near ?? null } }
      : near === undefined
        ? { fix: named.fix }
        : { instead: near }),
  });
}

import type { RowSource } from '../../rows/row-source.ts';
import { valueAt } from '../../system/at.ts';
import { formatBytes } from '../../system/durable.ts';
import { UserError } from '../../system/errors.ts';
import type { LabelledData } from '../data/labelled-data.ts';
import { availableMemory } from '../memory/available.ts';
import type { ClassifyValues } from '../options.ts';
import { copiesBytes, groupedByCopies, nearCopies } from './copies.ts';

/** The column of the groups; undefined for `near-copies` or no groups. */
export function groupsColumn({ groups }: Pick<ClassifyValues, 'groups'>): string | undefined {
  return groups === nearCopies ? undefined : groups;
}

/** @throws UserError if a comparison of all rows exceeds the memory budget of `--stream` */
function checkRoom(bytes: number, budget: number): void {
  if (bytes <= budget) return;
  throw new UserError({
    what: '--groups near-copies compares every row with every other, and they do not fit the memory',
    where: '--stream',
    found: `${formatBytes(budget)} to use`,
    expected: `${formatBytes(bytes)}; a column of --labels that names the groups needs none of it`,
    option: { name: 'memory', value: `${Math.ceil(bytes / 1e6)}MB` },
    exitCode: 2,
  });
}

/** With `--groups near-copies`, the tables with clusters of copies as groups; else unchanged. */
export async function withAskedGroups(
  tables: readonly LabelledData<RowSource>[],
  { groups: asked, stream, memory }: Pick<ClassifyValues, 'groups' | 'stream' | 'memory'>,
  note: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<readonly LabelledData<RowSource>[]> {
  if (asked !== nearCopies) return tables;
  const { features } = valueAt(tables, 0);
  if (stream) checkRoom(copiesBytes(features.rowCount, features.columnCount), memory ?? availableMemory() / 2);
  const grouped = await groupedByCopies(tables, signal);
  const { groups = 0, images = 0 } = grouped[0]?.grouping ?? {};
  note(
    `${images} images are copies of others, exact or nearly: each stays on the side of its copies, ${groups} groups in all`,
  );
  return grouped;
}

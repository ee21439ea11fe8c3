import { groupedByCopies, nearCopies } from '../../classify/copies/copies.ts';
import type { LabelledData } from '../../classify/data/labelled-data.ts';
import type { RowSource } from '../../rows/row-source.ts';
import { usageError } from '../../system/errors.ts';
import type { Session } from '../verb.ts';
import type { DataValues } from './classify-data.ts';

/** The column that holds groups; undefined where they are made of near copies, or there are none. */
export function groupsColumn({ groups }: Pick<DataValues, 'groups'>): string | undefined {
  return groups === nearCopies ? undefined : groups;
}

/** With `--groups near-copies` the tables with groups, else as they are. */
export async function withAskedGroups(
  tables: readonly LabelledData<RowSource>[],
  { groups: asked, stream }: DataValues,
  session: Session,
): Promise<readonly LabelledData<RowSource>[]> {
  if (asked !== nearCopies) return tables;
  if (stream) {
    throw usageError('--groups', 'near-copies with --stream, which leaves the rows on the disk', 'one of the two');
  }
  const grouped = await groupedByCopies(tables, session.signal);
  const { groups = 0, images = 0 } = grouped[0]?.grouping ?? {};
  session.note(
    `${images} images are copies of others, exact or nearly: each stays on the side of its copies, ${groups} groups in all`,
  );
  return grouped;
}

/**
 * Position of a map's maximum in words: `top left`, `bottom`, `centre`.
 *
 * @param map [rows][columns] from the upper left
 */
export function highestPlace(map: readonly (readonly number[])[]): string {
  let [row, column, highest] = [0, 0, Number.NEGATIVE_INFINITY];
  map.forEach((values, y) => {
    values.forEach((value, x) => {
      if (value > highest) [row, column, highest] = [y, x, value];
    });
  });
  const third = (place: number, count: number): number => Math.min(2, Math.floor((3 * (place + 0.5)) / count));
  const [down, across] = [third(row, map.length), third(column, map[0]?.length ?? 1)];
  if (down === 1 && across === 1) return 'centre';
  return [['top', '', 'bottom'][down], ['left', '', 'right'][across]].filter((word) => word !== '').join(' ');
}

import { stringify } from 'csv-stringify/sync';
import { forSpreadsheet } from '../formats/spreadsheet-cell.ts';
import type { Suggestion } from './suggest.ts';

/** Names of the list and the page in the folder of suggestions. */
export const suggestionsFile = 'suggestions.csv';
export const suggestionsPage = 'index.html';

/** Its header line. */
export const suggestionsHeader: string = 'rank,id,path,suggestion,probability,second,second_probability,margin\n';

/**
 * The photos to label as CSV, most useful first; spreadsheet formulas are escaped.
 *
 * @param folder of the photos, as the user typed it
 */
export function suggestionsCsv(photos: readonly Suggestion[], folder: string): string {
  const lines = photos.map(({ rank, id, path, likeliest: [first, second], margin }) => [
    rank,
    forSpreadsheet(id),
    forSpreadsheet(photoPath(folder, path)),
    forSpreadsheet(first.class),
    first.probability.toFixed(6),
    forSpreadsheet(second.class),
    second.probability.toFixed(6),
    margin.toFixed(6),
  ]);
  return suggestionsHeader + stringify(lines);
}

/** Path of a photo as the user would type it. */
export function photoPath(folder: string, path: string): string {
  return `${folder.replace(/[/\\]+$/, '')}/${path}`;
}

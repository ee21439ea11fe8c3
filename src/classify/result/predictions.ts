import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { parsePlain } from '../../features/index/csv.ts';
import { forSpreadsheet, fromSpreadsheet } from '../../formats/spreadsheet-cell.ts';
import { valueAt } from '../../system/at.ts';
import { messageOf, UserError } from '../../system/errors.ts';

/** One test row of one repeat, as in predictions.csv. */
export interface Prediction {
  readonly repeat: number;
  readonly id: string;
  readonly trueClass: string;
  readonly predictedClass: string;
  /** Probability of the predicted class. */
  readonly probability: number;
  /** Probability of the true class. */
  readonly trueProbability: number;
  /** The predicted class and the four most probable others; absent in files of older versions. */
  readonly top?: readonly ClassProbability[];
}

interface ClassProbability {
  readonly name: string;
  readonly probability: number;
}

const columns = ['repeat', 'id', 'true', 'predicted', 'probability', 'true_probability'] as const;
/** `top1,top1_probability`, `top2,…`: the same number in every line. */
const topColumns = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => [`top${i + 1}`, `top${i + 1}_probability`]).flat();
/** Digits of a probability that is only displayed. */
const topDigits = 6;

// A lone carriage return in an id would end the line for a reader that guesses the delimiter: fields with one are
// quoted.
const recordDelimiter = '\n';

/** Lines formatted at a time: their fields take more memory than their text. */
const linesAtOnce = 1000;

/**
 * predictions.csv in chunks of text: a header, then one line per test row and repeat, in the order given. Ids and
 * classes that a spreadsheet would read as formulas are escaped.
 */
export function* formatPredictions(predictions: Iterable<Prediction>): Generator<string> {
  let lines: (string | number)[][] = [];
  let header = false;
  for (const p of predictions) {
    if (!header) lines.push([...columns, ...topColumns(p.top?.length ?? 0)]);
    header = true;
    const top = (p.top ?? []).flatMap(({ name, probability }) => [
      forSpreadsheet(name),
      Number(probability.toPrecision(topDigits)),
    ]);
    const names = [p.id, p.trueClass, p.predictedClass].map(forSpreadsheet);
    lines.push([p.repeat, ...names, p.probability, p.trueProbability, ...top]);
    if (lines.length < linesAtOnce) continue;
    yield text(lines);
    lines = [];
  }
  if (!header) lines.push([...columns]);
  yield text(lines);
}

function text(lines: readonly (readonly (string | number)[])[]): string {
  return stringify([...lines], { record_delimiter: recordDelimiter, quoted_match: /\r/ });
}

/**
 * Parses the output of `formatPredictions`.
 *
 * @throws UserError if the header, the number of fields or a number is invalid
 */
export function parsePredictions(text: string, file: string): Prediction[] {
  let lines: string[][];
  try {
    const width = text.slice(0, text.indexOf('\n')).split(',').length;
    const plain = text.startsWith('\uFEFF') ? undefined : parsePlain(text, width);
    lines = plain ?? parse(text, { bom: true, record_delimiter: [recordDelimiter, '\r\n'] });
  } catch (cause) {
    throw damaged(file, messageOf(cause));
  }
  const [header, ...rows] = lines;
  const kept = Math.max(0, ((header?.length ?? 0) - columns.length) / 2);
  if (header?.join(',') !== [...columns, ...topColumns(kept)].join(',')) {
    throw damaged(file, `header ${header?.join(',') ?? 'missing'}`);
  }
  return rows.map((row, i) => {
    const [repeat = '', id = '', trueClass = '', predictedClass = '', probability = '', trueProbability = '', ...rest] =
      row;
    const top = Array.from({ length: kept }, (_, rank) => ({
      name: fromSpreadsheet(valueAt(rest, 2 * rank)),
      probability: numberOf(rest[2 * rank + 1]),
    }));
    const numbers = [...[repeat, probability, trueProbability].map(numberOf), ...top.map((each) => each.probability)];
    if (!numbers.every((value) => value >= 0)) throw damaged(file, `line ${i + 2}: ${row.join(',')}`);
    return {
      repeat: valueAt(numbers, 0),
      id: fromSpreadsheet(id),
      trueClass: fromSpreadsheet(trueClass),
      predictedClass: fromSpreadsheet(predictedClass),
      probability: valueAt(numbers, 1),
      trueProbability: valueAt(numbers, 2),
      ...(kept === 0 ? {} : { top }),
    };
  });
}

function numberOf(field: string | undefined): number {
  return field === undefined || field === '' ? Number.NaN : Number(field);
}

function damaged(file: string, found: string): UserError {
  return new UserError({
    what: 'the predictions of a report cannot be read',
    where: file,
    found,
    expected: `the columns ${columns.join(',')} as classify writes them`,
    fix: 'run the report again; its command is in report.json',
  });
}

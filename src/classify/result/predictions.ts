import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { UserError } from '../../system/errors.ts';

/** One test row of one repeat, as predictions.csv keeps it. */
export interface Prediction {
  readonly repeat: number;
  readonly id: string;
  readonly trueClass: string;
  readonly predictedClass: string;
  /** Probability given to the predicted class. */
  readonly probability: number;
  /** Probability given to the true class. */
  readonly trueProbability: number;
}

const columns = ['repeat', 'id', 'true', 'predicted', 'probability', 'true_probability'] as const;

// A lone carriage return in an id would end the line for a reader that guesses the delimiter: quote it, and name ours.
const recordDelimiter = '\n';

/** Lines that are made at a time: their fields weigh more than their text. */
const linesAtOnce = 1000;

/** predictions.csv in pieces of text: a header, then one line per test row and repeat, in the order given. */
export function* formatPredictions(predictions: Iterable<Prediction>): Generator<string> {
  let lines: (string | number)[][] = [[...columns]];
  for (const p of predictions) {
    lines.push([p.repeat, p.id, p.trueClass, p.predictedClass, p.probability, p.trueProbability]);
    if (lines.length < linesAtOnce) continue;
    yield text(lines);
    lines = [];
  }
  yield text(lines);
}

function text(lines: readonly (readonly (string | number)[])[]): string {
  return stringify([...lines], { record_delimiter: recordDelimiter, quoted_match: /\r/ });
}

/**
 * Reads what `formatPredictions` wrote.
 *
 * @param file path for messages
 * @throws UserError when the header, the number of fields or a number is not as written
 */
export function parsePredictions(text: string, file: string): Prediction[] {
  let lines: string[][];
  try {
    lines = parse(text, { bom: true, record_delimiter: [recordDelimiter, '\r\n'] }) as string[][];
  } catch (cause) {
    throw damaged(file, (cause as Error).message);
  }
  const [header, ...rows] = lines;
  if (header?.join(',') !== columns.join(',')) throw damaged(file, `header ${header?.join(',') ?? 'missing'}`);
  return rows.map((row, i) => {
    const [repeat, id, trueClass, predictedClass, probability, trueProbability] = row as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const numbers = [repeat, probability, trueProbability].map((field) => (field === '' ? Number.NaN : Number(field)));
    if (!numbers.every((value) => value >= 0)) throw damaged(file, `line ${i + 2}: ${row.join(',')}`);
    return {
      repeat: numbers[0] as number,
      id,
      trueClass,
      predictedClass,
      probability: numbers[1] as number,
      trueProbability: numbers[2] as number,
    };
  });
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

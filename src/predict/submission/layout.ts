import { CsvError, parse } from 'csv-parse/sync';
import { valueAt } from '../../system/at.ts';
import { UserError, usageError } from '../../system/errors.ts';
import { fileReason } from '../../system/file-reason.ts';
import { nodeFiles, readText } from '../../system/files.ts';
import { counted } from '../../system/printable.ts';

/** Contents of a submission's column: id, probability of a class, or name or number of the predicted class. */
export type SubmissionColumn = 'id' | 'name' | 'number' | { readonly classNumber: number };

export interface SubmissionLayout {
  readonly header: readonly string[];
  readonly columns: readonly SubmissionColumn[];
  /** Ids in the sample's order; absent without a sample. */
  readonly ids?: readonly string[];
  /** How the sample was read: `id = image_id, label = the class's name`. */
  readonly reading: string;
}

/** Possible contents of a single column besides the id. */
export const answers = ['probability', 'name', 'number'] as const;
type Answer = (typeof answers)[number];

export interface SampleOptions {
  /** Contents of a single column besides the id; default: inferred from the sample. */
  readonly answer?: Answer | undefined;
  /** Class of a single probability column; default: the one the column is named after, else the second of two. */
  readonly positive?: string | undefined;
}

const idNames = /^(?:image|img|file|photo|picture)?[_ ]?(?:id|name|path)$|^(?:image|img|file|filename|photo|id_code)$/i;

/** The default layout without a sample: `id`, then the classes in the head's order. */
export function plainLayout(classes: readonly string[]): SubmissionLayout {
  return {
    header: ['id', ...classes],
    columns: ['id', ...classes.map((_, classNumber) => ({ classNumber }))],
    reading: 'id, and one probability per class',
  };
}

/**
 * Reads the layout of a sample submission: a probability per class in any order, or one column of any name with the
 * label's name, its number, or the probability of one of two classes.
 *
 * @throws UserError if its columns do not match the head's classes, or its single column cannot be interpreted
 */
export async function readSampleLayout(
  file: string,
  classes: readonly string[],
  options: SampleOptions = {},
): Promise<SubmissionLayout> {
  const [header = [], ...lines] = await readLines(file);
  const byName = header.findIndex((name) => idNames.test(name.trim()) && !classes.includes(name));
  const idAt = Math.max(byName, 0);
  const others = header.filter((_, at) => at !== idAt);
  const ids = lines.map((line) => valueAt(line, idAt));
  const idsGiven = ids.length === 0 ? {} : { ids };
  const place = (column: (name: string) => SubmissionColumn): readonly SubmissionColumn[] =>
    header.map((name, at) => (at === idAt ? 'id' : column(name)));
  const [only] = others;
  if (others.length === 1 && only !== undefined) {
    const answerAt = header.findIndex((_, at) => at !== idAt);
    const values = lines.map((line) => valueAt(line, answerAt).trim());
    const column = readSingle(file, only, values, classes, options);
    const what =
      typeof column === 'object'
        ? `the probability of ${classes[column.classNumber]}`
        : `the class's ${column === 'name' ? 'name' : `number, from 0 for ${classes[0]}`}`;
    return { header, columns: place(() => column), ...idsGiven, reading: `id = ${header[idAt]}, ${only} = ${what}` };
  }
  checkColumns(file, others, classes);
  const columns = place((name) => ({ classNumber: classes.indexOf(name) }));
  return { header, columns, ...idsGiven, reading: `id = ${header[idAt]}, one probability per class` };
}

/** Infers the contents of a single column. */
function readSingle(
  file: string,
  name: string,
  values: readonly string[],
  classes: readonly string[],
  { answer, positive }: SampleOptions,
): SubmissionColumn {
  const asked = answer ?? (positive === undefined ? guessAnswer(values, classes) : 'probability');
  if (asked === undefined) {
    throw new UserError({
      what: `what the column ${name} of the sample submission holds cannot be told`,
      where: file,
      found: `${[...new Set(values)]
        .slice(0, 3)
        .map((value) => JSON.stringify(value))
        .join(', ')}`,
      expected: `names of the head's classes (${some(classes)}), their numbers, or probabilities of one of two classes`,
      fix: '--submission-as name | number | probability says it',
      exitCode: 2,
    });
  }
  if (asked !== 'probability') return asked;
  return { classNumber: positiveClass(name, classes, positive) };
}

function guessAnswer(values: readonly string[], classes: readonly string[]): Answer | undefined {
  const known = new Set(classes);
  if (values.length > 0 && values.every((value) => known.has(value))) return 'name';
  const numbers = values.map((value) => (value === '' ? Number.NaN : Number(value)));
  const whole = numbers.every((value) => Number.isSafeInteger(value) && value >= 0 && value < classes.length);
  // 0.5 or 0.0: class numbers have no decimal point.
  if (whole && values.length > 0 && !values.some((value) => value.includes('.'))) return 'number';
  if (classes.length === 2 && numbers.every((value) => value >= 0 && value <= 1)) return 'probability';
  return undefined;
}

function positiveClass(column: string, classes: readonly string[], positive: string | undefined): number {
  if (positive !== undefined) {
    const given = classes.indexOf(positive);
    if (given < 0) throw usageError('--positive', positive, `one of the head's classes: ${some(classes)}`);
    return given;
  }
  const named = classes.indexOf(column);
  if (named >= 0) return named;
  if (classes.length === 2) return 1;
  throw usageError(
    '--submission-as',
    `probability, and ${counted(classes.length, 'class')}`,
    '--positive CLASS beside it',
  );
}

function checkColumns(file: string, columns: readonly string[], classes: readonly string[]): void {
  const [known, wanted] = [new Set(classes), new Set(columns)];
  const lacking = classes.filter((name) => !wanted.has(name));
  const foreign = columns.filter((name) => !known.has(name));
  const said = [
    lacking.length > 0 ? `no column for ${lacking.length} of the head's classes (${some(lacking)})` : '',
    foreign.length > 0
      ? `${counted(foreign.length, 'column')} that ${foreign.length === 1 ? 'is' : 'are'} no class of the head (${some(foreign)})`
      : '',
    wanted.size !== columns.length ? 'a column that occurs twice' : '',
  ].filter((part) => part !== '');
  if (said.length === 0) return;
  throw new UserError({
    what: "the sample submission's columns are not the head's classes",
    where: file,
    found: said.join('; '),
    expected: `the id, then the ${counted(classes.length, 'class')} that the head was trained on, or one column for the answer`,
  });
}

async function readLines(file: string): Promise<readonly (readonly string[])[]> {
  try {
    return parse(await readText(nodeFiles, file), { bom: true, skip_empty_lines: true });
  } catch (cause) {
    throw new UserError({
      what: 'the sample submission cannot be read',
      where: file,
      found: cause instanceof CsvError ? cause.message : found(cause),
      expected:
        "the contest's sample_submission.csv: a header with the id and one column per class, or one for the answer",
      cause,
    });
  }
}

function found(cause: unknown): string {
  return cause instanceof UserError ? (cause.parts.found ?? cause.parts.what) : fileReason(cause);
}

function some(names: readonly string[]): string {
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
}

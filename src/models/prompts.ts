import { addAt, transpose } from '../numerics/arrays.kernel.ts';
import type { Matrix } from '../numerics/matrix.ts';
import { unitRows } from '../numerics/nearest.kernel.ts';
import type { RowSource } from '../rows/row-source.ts';
import type { Table } from '../rows/table.ts';
import { valueAt } from '../system/at.ts';
import { UserError, usageError } from '../system/errors.ts';
import type { FitContext } from './model.ts';

/**
 * Factor of cosine similarities before the softmax: CLIP's learned logit scale, clipped at 100 (Radford et al. 2021,
 * section 2.5).
 */
export const logitScale = 100;

/** Placeholder of the class name. */
const place = '{}';
/** Separates prompts, since many contain commas. */
const separator = '|';

/**
 * Parses `--prompts`: one or several, separated by |.
 *
 * @throws a usage UserError if one has no placeholder for the class name
 */
export function readPrompts(prompts: string, option = 'prompts'): readonly string[] {
  const all = prompts.split(separator).map((prompt) => prompt.trim());
  const wrong = all.find((prompt) => !prompt.includes(place));
  if (wrong === undefined) return all;
  throw usageError(
    option,
    wrong,
    `text with ${place} where the class's name goes, several with ${separator} between them`,
    "'a photo of a {}'",
  );
}

/** Fills a prompt with a class name, with spaces for underscores and the like. */
export function fillPrompt(prompt: string, name: string): string {
  return prompt.replaceAll(place, name.replaceAll(/[_\s]+/g, ' ').trim());
}

/**
 * A unit vector per class, as the columns of a matrix [dims, classes]: the normalized mean of its prompts' unit vectors.
 *
 * @param head named in the error if the network has no text encoder
 */
export async function promptWeights(
  prompts: string,
  { features, classes }: Pick<Table<RowSource>, 'features' | 'classes'>,
  { encodeWords }: Pick<FitContext, 'encodeWords'>,
  head: string,
): Promise<Matrix> {
  if (encodeWords === undefined) {
    throw new UserError({
      what: `the ${head} head needs a network with a text encoder`,
      expected: 'a feature set of a network such as CLIP or SigLIP',
      fix: 'featuretap extract --data FOLDER --weights hf:Xenova/clip-vit-base-patch32',
    });
  }
  const dims = features.columnCount;
  const templates = readPrompts(prompts);
  const texts = classes.flatMap((name) => templates.map((prompt) => fillPrompt(prompt, name)));
  const { data } = await encodeWords(texts);
  const means = new Float32Array(classes.length * dims);
  for (let text = 0; text < texts.length; text++) {
    const at = Math.floor(text / templates.length) * dims;
    for (let d = 0; d < dims; d++) addAt(means, at + d, valueAt(data, text * dims + d));
  }
  unitRows(means, classes.length, dims);
  return {
    rowCount: dims,
    columnCount: classes.length,
    data: transpose(means, classes.length, dims, new Float32Array(means.length)),
  };
}

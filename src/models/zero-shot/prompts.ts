import { usageError } from '../../system/errors.ts';

/** What cosines are multiplied by before the softmax: CLIP learned it and held it at 100 (Radford et al. 2021, 2.5). */
export const logitScale = 100;

/** Where a prompt takes the class's name. */
const place = '{}';
/** Between prompts: commas stand in many of them. */
const separator = '|';

/**
 * The prompts of `--prompts`, several with | between them.
 *
 * @throws a usage UserError where one has no place for the class's name
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

/** What is said of a class: its name with spaces for what stands for them in names of folders. */
export function sayClass(prompt: string, name: string): string {
  return prompt.replaceAll(place, name.replaceAll(/[_\s]+/g, ' ').trim());
}

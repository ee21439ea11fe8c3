import { isRecord } from '../../../system/at.ts';
import { messageOf, UserError } from '../../../system/errors.ts';
import { nodeFiles, readIfThere } from '../../../system/files.ts';

/** A config.json with the names of 20,000 classes is 1 MB. */
const largestBytes: number = 2 ** 24;

/** An object of a JSON file. */
export type Config = Readonly<Record<string, unknown>>;

/**
 * Reads one of the JSON files of a published network; undefined if there is none.
 *
 * @throws UserError if it is no JSON object
 */
export async function readConfig(path: string): Promise<Config | undefined> {
  const bytes = await readIfThere(nodeFiles, path, largestBytes);
  if (bytes === undefined) return undefined;
  const text = Buffer.from(bytes.buffer).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw notAConfig(path, messageOf(error));
  }
  if (!isRecord(value)) throw notAConfig(path, text.slice(0, 40));
  return value;
}

function notAConfig(where: string, found: string): UserError {
  return new UserError({
    what: 'a file of the network is damaged: it is no JSON object',
    where,
    found,
    fix: 'fetch it again from where it was published',
  });
}

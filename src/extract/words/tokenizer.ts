import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { isRecord } from '../../system/at.ts';
import { messageOf, UserError } from '../../system/errors.ts';
import { nodeFiles, readIfThere } from '../../system/files.ts';
import { type Config, readConfig } from '../weights/hub/config-file.ts';

/** Token ids of a text. @throws UserError for a text that is too long */
export type TokenizeText = (text: string) => readonly number[];

/** Vocabularies of 256,000 pieces are 35 MB. */
const largestTokenizer = 2 ** 27;

/**
 * The tokenizer of a published network: tokenizer.json and tokenizer_config.json.
 *
 * @throws UserError if the files are damaged or of an unknown kind
 */
export async function openTokenizer(
  folder: string,
  { longest, padded }: { readonly longest: number; readonly padded: boolean },
): Promise<TokenizeText> {
  const path = join(folder, 'tokenizer.json');
  const bytes = await readIfThere(nodeFiles, path, largestTokenizer);
  const config = (await readConfig(join(folder, 'tokenizer_config.json'))) ?? {};
  let tokenizer: Tokenizer;
  try {
    tokenizer = new Tokenizer(JSON.parse(Buffer.from(bytes ?? []).toString('utf8')), config);
  } catch (error) {
    throw new UserError({
      what: "the network's tokenizer cannot be used",
      where: path,
      found: messageOf(error),
      expected: 'a tokenizer.json as it was published',
      fix: 'fetch it again from where it was published',
    });
  }
  const filler = padded ? fillerOf(tokenizer, config, path) : undefined;
  return (text) => {
    const { ids } = tokenizer.encode(text);
    if (ids.length > longest) {
      throw new UserError({
        what: 'the text is too long for the network',
        where: text.length > 60 ? `${text.slice(0, 60)}…` : text,
        found: `${ids.length} tokens`,
        expected: `${longest} at most`,
        fix: 'use fewer words',
        exitCode: 2,
      });
    }
    return filler === undefined ? ids : [...ids, ...new Array<number>(longest - ids.length).fill(filler)];
  };
}

function fillerOf(tokenizer: Tokenizer, config: Config, path: string): number {
  const token = config['pad_token'];
  const text = isRecord(token) ? token['content'] : token;
  const id = typeof text === 'string' ? tokenizer.token_to_id(text) : undefined;
  if (id !== undefined) return id;
  throw new UserError({
    what: 'the tokenizer does not define a padding token',
    where: path,
    found: `pad_token ${JSON.stringify(token)}`,
    expected: 'one of its tokens',
  });
}

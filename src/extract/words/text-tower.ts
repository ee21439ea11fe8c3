import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type * as ort from 'onnxruntime-node';
import { encodeModel } from '../../formats/onnx/encode.ts';
import { fedInputs } from '../../formats/onnx/image-input.ts';
import type { Matrix } from '../../numerics/matrix.ts';
import { unitRows } from '../../numerics/nearest.kernel.ts';
import { isRecord, valuesAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { float32Of, runtime } from '../../system/onnx-runtime.ts';
import { openSession } from '../backbone/ort-session.ts';
import { type GraphFile, readGraphFile } from '../weights/graph-file.ts';
import { type Config, readConfig } from '../weights/hub/config-file.ts';
import { besideGraph, graphNames } from '../weights/hub/network-folder.ts';
import { openTokenizer } from './tokenizer.ts';

/** The text encoder of a two-tower network, in the same embedding space as images. Owns native memory. */
export interface TextTower {
  readonly dims: number;
  /** Unit embeddings of texts, [texts, dims]. @throws UserError for a text longer than the network's context */
  encode(texts: readonly string[]): Promise<Matrix>;
  close(): Promise<void>;
}

/** The text output of a network, and whether texts are padded to full length. */
interface TextReading {
  readonly output: string;
  /** SigLIP was trained on texts padded to full length. */
  readonly padded: boolean;
}

/** By config.json's `model_type`; the first two by transformers' `get_text_features`. */
const readings: Readonly<Record<string, TextReading>> = {
  clip: { output: 'text_embeds', padded: false },
  siglip: { output: 'pooler_output', padded: true },
  siglip2: { output: 'pooler_output', padded: true },
};

const mostTogether = 32;

/**
 * Opens the text encoder of a published network: config.json, tokenizer.json, tokenizer_config.json and
 * onnx/text_model.onnx. `close()` it.
 *
 * @param variant `fp16` …: onnx/text_model_fp16.onnx
 * @throws UserError if a file is missing, or the kind of network is unknown
 */
export async function openTextTower(
  folder: string,
  { variant, threads }: { readonly variant?: string | undefined; readonly threads?: number | undefined } = {},
): Promise<TextTower> {
  const path = join(folder, 'config.json');
  const config = (await readConfig(path)) ?? {};
  const reading = readingOf(config, path);
  const [name = ''] = graphNames(variant, 'text');
  const needed = [...besideGraph.text, name];
  const lacking = needed.filter((file) => !existsSync(join(folder, file)));
  if (lacking.length > 0) {
    throw new UserError({
      what: 'the network has no text encoder here',
      where: folder,
      found: `no ${lacking.join(', no ')}`,
      expected: needed.join(', '),
      fix: 'put the files there as they were published; a network without a text encoder does not take text',
    });
  }
  const tokenize = await openTokenizer(folder, { longest: longestOf(config, path), padded: reading.padded });
  const graph = await readGraphFile(join(folder, name));
  const inputs = inputsOf(graph);
  if (!graph.model.graph.output.some((output) => output.name === reading.output)) {
    throw new UserError({
      what: 'the text encoder does not output an embedding',
      where: graph.file,
      found: `outputs ${graph.model.graph.output.map((output) => output.name).join(', ')}`,
      expected: reading.output,
      fix: 'export it with its projection: optimum-cli export onnx --task zero-shot-image-classification',
    });
  }
  const session = await openSession(encodeModel(graph.model), { device: 'cpu', threads });
  const encode = async (texts: readonly string[]): Promise<Matrix> => {
    const tokens = texts.map((text) => tokenize(text));
    const byLength = new Map<number, number[]>();
    for (const [place, { length }] of tokens.entries()) byLength.set(length, [...(byLength.get(length) ?? []), place]);
    const rows: Float32Array[] = [];
    for (const [length, places] of byLength) {
      for (let first = 0; first < places.length; first += mostTogether) {
        const together = places.slice(first, first + mostTogether);
        const feeds = feedsOf(inputs, valuesAt(tokens, together), length);
        const vectors = float32Of(await session.run(feeds), reading.output);
        const width = vectors.length / together.length;
        for (const [at, place] of together.entries()) rows[place] = vectors.slice(at * width, (at + 1) * width);
      }
    }
    const columnCount = rows[0]?.length ?? 0;
    const data = new Float32Array(rows.length * columnCount);
    for (const [at, row] of rows.entries()) data.set(row, at * columnCount);
    unitRows(data, rows.length, columnCount);
    return { rowCount: rows.length, columnCount, data };
  };
  try {
    // Determines the embedding length with any text.
    const { columnCount } = await encode(['']);
    return { dims: columnCount, encode, close: () => session.release() };
  } catch (error) {
    await session.release();
    throw error;
  }
}

/** Inputs for texts of equal length, which need no padding or mask. */
function feedsOf(
  inputs: ReadonlyMap<string, 'int32' | 'int64'>,
  tokens: readonly (readonly number[])[],
  length: number,
): Record<string, ort.Tensor> {
  const { Tensor } = runtime();
  const feeds: Record<string, ort.Tensor> = {};
  for (const [name, type] of inputs) {
    const values = name === 'attention_mask' ? tokens.flat().map(() => 1) : tokens.flat();
    const data = type === 'int64' ? BigInt64Array.from(values, BigInt) : Int32Array.from(values);
    feeds[name] = new Tensor(type, data, [tokens.length, length]);
  }
  return feeds;
}

function readingOf(config: Config, path: string): TextReading {
  const architecture = String(config['model_type']);
  const reading = Object.hasOwn(readings, architecture) ? readings[architecture] : undefined;
  if (reading !== undefined) return reading;
  throw new UserError({
    what: 'text needs a network that was trained on images with captions',
    where: path,
    found: `model_type ${architecture}`,
    expected: Object.keys(readings).join(' | '),
    fix: 'extract --weights hf:OWNER/NAME with such a network: onnx-community and Xenova publish CLIP and SigLIP',
  });
}

function longestOf(config: Config, path: string): number {
  const tower = isRecord(config['text_config']) ? config['text_config'] : {};
  // transformers omits defaults: 77 for CLIP, 64 for SigLIP.
  const longest = tower['max_position_embeddings'] ?? (config['model_type'] === 'clip' ? 77 : 64);
  if (typeof longest === 'number' && Number.isSafeInteger(longest) && longest > 0) return longest;
  throw new UserError({
    what: 'config.json does not say how long a text may be',
    where: path,
    found: `text_config.max_position_embeddings ${JSON.stringify(longest)}`,
    expected: 'a whole number of tokens',
  });
}

function inputsOf({ model, file }: GraphFile): ReadonlyMap<string, 'int32' | 'int64'> {
  const known = ['input_ids', 'attention_mask'];
  const inputs = fedInputs(model.graph);
  const other = inputs.find(({ name }) => !known.includes(name));
  if (other !== undefined || !inputs.some(({ name }) => name === 'input_ids')) {
    throw new UserError({
      what: 'the text encoder takes inputs that are not known here',
      where: file,
      found: inputs.map(({ name }) => name).join(', '),
      expected: 'input_ids, and attention_mask where there is one',
    });
  }
  // ONNX numbers its types: 6 is int32, 7 is int64.
  return new Map(inputs.map(({ name, type }) => [name, type?.tensorType?.elemType === 6 ? 'int32' : 'int64']));
}

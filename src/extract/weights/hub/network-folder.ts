import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../system/errors.ts';
import { type GraphFile, readGraphFile } from '../graph-file.ts';
import { type Config, readConfig } from './config-file.ts';
import { readPreprocessorConfig, type TrainedWith } from './preprocessor-config.ts';
import { type AskedReading, chooseReading, describeOutputs, type Reading } from './reading.ts';
import { readTimmConfig, timmConfigOf } from './timm-config.ts';

/** What the files beside a published network say of it. */
export interface Published {
  /** `dinov2`, `siglip`: config.json's `model_type`. */
  readonly architecture: string;
  readonly trainedWith: TrainedWith;
  /** @throws UserError that lists the readings if several fit */
  reading(asked: AskedReading): Reading;
}

/** One side of a network that was trained on images with their captions. */
export type Tower = 'image' | 'text';

/** Names of the graph in a published network's folder, the image tower of two first. */
export function graphNames(variant: string | undefined, tower: Tower = 'image'): readonly string[] {
  const suffix = variant === undefined ? '' : `_${variant}`;
  if (tower === 'text') return [`onnx/text_model${suffix}.onnx`];
  return [`onnx/vision_model${suffix}.onnx`, `onnx/model${suffix}.onnx`];
}

/** Files that describe the graph's preprocessing. */
export const besideGraph: Readonly<Record<Tower, readonly string[]>> = {
  image: ['config.json', 'preprocessor_config.json'],
  text: ['config.json', 'tokenizer.json', 'tokenizer_config.json'],
};

/**
 * Reads a network as it is published on a model hub: config.json, preprocessor_config.json, and onnx/model.onnx or
 * onnx/vision_model.onnx.
 *
 * @param variant `fp16`, `quantized` …: onnx/model_fp16.onnx
 * @throws UserError if a file is missing, or the preprocessing cannot be honoured
 */
export async function readNetworkFolder(
  folder: string,
  variant: string | undefined,
): Promise<{ readonly graph: GraphFile; readonly published: Published }> {
  const configPath = join(folder, 'config.json');
  const config = await readConfig(configPath);
  if (config === undefined) throw await missing(folder, 'config.json');
  const trainedWith = await readPreprocessing(folder, config, configPath);
  const name = graphNames(variant).find((path) => existsSync(join(folder, path)));
  if (name === undefined) throw await noGraph(folder, variant);
  const graph = await readGraphFile(join(folder, name));
  const outputs = describeOutputs(config, configPath, graph.model);
  return {
    graph,
    published: {
      architecture: outputs.architecture,
      trainedWith,
      reading: (asked) => chooseReading(outputs, asked),
    },
  };
}

async function readPreprocessing(folder: string, config: Config, configPath: string): Promise<TrainedWith> {
  const path = join(folder, 'preprocessor_config.json');
  const preprocessor = await readConfig(path);
  const timm = timmConfigOf(preprocessor ?? {}) ?? timmConfigOf(config);
  if (timm !== undefined && (preprocessor === undefined || timmConfigOf(preprocessor) !== undefined))
    return readTimmConfig(timm, preprocessor === undefined ? configPath : path);
  if (preprocessor === undefined) throw await missing(folder, 'preprocessor_config.json');
  return readPreprocessorConfig(preprocessor, path, config['model_type']);
}

async function missing(folder: string, file: string): Promise<UserError> {
  const graphs = await graphsIn(folder);
  return new UserError({
    what: `the network's folder has no ${file}`,
    where: folder,
    found: graphs.length === 0 ? 'no published network' : `onnx/${graphs.join(', onnx/')}`,
    expected: `config.json, preprocessor_config.json, and onnx/model.onnx or onnx/vision_model.onnx, as they were published${graphs.length === 0 ? '' : '; or the .onnx file itself, with the preprocessing of its training: --resize, --crop, --interpolation, --mean, --std'}`,
    option: { name: 'weights', value: graphs[0] === undefined ? 'resnet50' : join(folder, 'onnx', graphs[0]) },
  });
}

async function graphsIn(folder: string): Promise<readonly string[]> {
  const files = await readdir(join(folder, 'onnx')).catch(() => []);
  return files.filter((file) => file.endsWith('.onnx'));
}

async function noGraph(folder: string, variant: string | undefined): Promise<UserError> {
  const graphs = await graphsIn(folder);
  return new UserError({
    what: variant === undefined ? "the network's folder has no graph" : `the network has no variant ${variant}`,
    where: folder,
    found: graphs.length === 0 ? 'no .onnx file in onnx/' : graphs.join(', '),
    expected: graphNames(variant).join(' or '),
    fix:
      graphs.length === 0
        ? 'put the graph there as it was published, with the files that it keeps tensors in'
        : variantsOf(graphs),
  });
}

/** The options that name the graphs that are there. */
export function variantsOf(graphs: readonly string[]): string {
  const variants = graphs.flatMap((file) => /^(?:vision_)?model(?:_(.+))?\.onnx$/.exec(file)?.slice(1, 2) ?? []);
  const named = variants.map((name) => (name === undefined ? 'no --variant' : `--variant ${name}`));
  return named.length === 0 ? 'name the .onnx file itself' : [...new Set(named)].join(' or ');
}

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { drawPhotos } from './draw-photos.ts';
import { Run } from './run.ts';
import { writeTinyWeights } from './tiny-weights.ts';
import { extractArgs, type World } from './verbs.ts';

/** Photos, a feature set, the report of a head and parts, drawn and made in an empty folder. */
export async function makeWorld(root: string, imageCount: number): Promise<World> {
  const data = join(root, 'data');
  await drawPhotos(data, imageCount);
  const weights = join(root, 'resnet-tiny.safetensors');
  await writeTinyWeights(weights);
  const network = { data, weights };
  await must(extractArgs(network, join(root, 'cache')));
  const set = join(root, 'cache', 'set');
  const reports = join(root, 'reports');
  await must(['classify', '--features', set, '--model', 'ridge', '--test-size', '0.3', '--out', reports]);
  const [name] = await readdir(join(reports, 'set'));
  const parts = join(root, 'parts');
  for (const part of ['0/2', '1/2']) await must([...extractArgs(network, parts), '--part', part]);
  return { root, data, weights, set, report: join(reports, 'set', name as string), parts };
}

/** Runs a command that has to end well. */
export async function must(args: readonly string[]): Promise<void> {
  const ended = await new Run(args).ended;
  if (ended.code !== 0) throw new Error(`${args[0]} ended with ${ended.code ?? ended.signal}: ${ended.stderr}`);
}

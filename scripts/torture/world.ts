import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { drawPhotos } from './draw-photos.ts';
import type { Program } from './run.ts';
import { writeTinyWeights } from './tiny-weights.ts';
import { extractArgs, type World } from './verbs.ts';

/**
 * Creates photos, a feature set, the report of a head and parts in an empty folder.
 *
 * @param program not started yet: the time of its first run includes that of its start
 */
export async function makeWorld(root: string, imageCount: number, program: Program): Promise<World> {
  const made = await makeReport(root, imageCount, program);
  const parts = join(root, 'parts');
  let partsMs = 0;
  for (const part of ['0/2', '1/2']) partsMs += await must([...extractArgs(made, parts), '--part', part], program);
  return { ...made, parts, startMs: Math.max(0, made.firstMs - partsMs / 2) };
}

/** The input of a server of a head. */
type ReportWorld = Omit<World, 'parts' | 'startMs'>;

/** Photos, a feature set and the report of a head. */
export async function makeReport(
  root: string,
  imageCount: number,
  program: Program,
): Promise<ReportWorld & { readonly firstMs: number }> {
  const data = join(root, 'data');
  await drawPhotos(data, imageCount);
  const weights = join(root, 'resnet-tiny.safetensors');
  await writeTinyWeights(weights);
  const firstMs = await must(extractArgs({ data, weights }, join(root, 'cache')), program);
  const set = join(root, 'cache', 'set');
  const reports = join(root, 'reports');
  await must(['classify', '--features', set, '--model', 'ridge', '--test-size', '0.3', '--out', reports], program);
  const [name] = await readdir(join(reports, 'set'));
  return { root, data, weights, set, report: join(reports, 'set', name as string), firstMs };
}

/** Runs a command that must succeed. @returns its milliseconds */
export async function must(args: readonly string[], program: Program): Promise<number> {
  const started = performance.now();
  const ended = await program.run(args);
  if (ended.code !== 0) throw new Error(`${args[0]} ended with ${ended.code ?? ended.signal}: ${ended.stderr}`);
  return performance.now() - started;
}

import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tryDevice } from '../../../src/extract/backbone/devices/devices.ts';
import { probeDevice } from '../../../src/extract/backbone/devices/probe.ts';
import type { DeviceName } from '../../../src/features/manifest/manifest.ts';
import { prepare } from '../extract/prepare.ts';
import { findPeer } from '../peers/python.ts';
import { type Contestant, ourContestants, referenceLabel, torchContestants } from './contestants.ts';
import { cudaFolders, describeMachine } from './machine.ts';
import type { Options } from './options.ts';
import { describeFailure, printResults } from './print.ts';
import { compareFeatures, gather, type Result } from './result.ts';
import { runLines } from './run-lines.ts';
import type { Common, Task, TorchTask } from './task.ts';

/** Files of one run, in a temporary folder. */
interface Place {
  readonly common: Common;
  readonly scratch: string;
  readonly timeout: number;
}

/**
 * Measures one contestant after the other, each in a new process, and writes all results after each: a machine that is
 * lent for minutes may be gone before the end.
 */
export async function measure(options: Options, command: string): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'featuretap-bench-gpu-'));
  try {
    const machine = describeMachine();
    console.log(`${machine.name}; ONNX Runtime ${machine.onnxRuntime}, Node ${machine.node}`);
    const { data, weights, crop, images, endToEnd, timeout } = options;
    const prepared = await prepare(scratch, { data, weights, crop }, images, endToEnd);
    const [first = 1] = options.batches;
    const common: Common = {
      ...prepared,
      batches: options.batches,
      endToEndBatch: endToEnd === 0 ? 0 : options.batch,
      rounds: options.rounds,
      roundSeconds: options.seconds,
      comparedRows: Math.max(1, Math.floor(Math.min(64, images) / first)) * first,
      cores: machine.cores,
    };
    const place = { common, scratch, timeout };
    const results: Result[] = [];
    const keep = (result: Result): void => {
      results.push(result);
      console.error(describeFailure(result));
      const document = { date: new Date().toISOString(), command, machine, options, results };
      if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify(document, null, 2)}\n`);
    };
    const isChosen = ({ label }: { readonly label: string }): boolean =>
      options.only.some((word) => label.includes(word));
    const search = { LD_LIBRARY_PATH: cudaFolders(scratch).join(':') };
    const ours = ourContestants.filter((each) => isChosen(each) && (each.decodeOnly !== true || endToEnd > 0));
    const devices = await tryDevices(ours, search);
    for (const contestant of ours) {
      const absence = contestant.engine === 'onnx' ? devices.get(contestant.device) : undefined;
      keep(absence === undefined ? await runOurs(contestant, search, place) : gather(contestant.label, [], absence));
    }
    const theirs = torchContestants(options.compile).filter(isChosen);
    if (theirs.length > 0) for (const result of await runTorch(theirs, place)) keep(result);
    printResults(results, options.batches);
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/** Why the GPUs of the contestants cannot be used, from `featuretap devices`. */
async function tryDevices(
  contestants: readonly Contestant[],
  search: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<DeviceName, string>> {
  const absent = new Map<DeviceName, string>();
  for (const device of new Set(contestants.map((each) => each.device))) {
    if (device === 'cpu') continue;
    const report = await tryDevice(device, (name) => probeDevice(name, search));
    if (report.works) {
      const [first, after] = [report.firstSeconds, report.seconds].map(
        (seconds) => `${(seconds * 1000).toFixed(1)} ms`,
      );
      console.log(`${device}: a small batch takes ${after}, the first time ${first}`);
    } else absent.set(device, report.reason);
  }
  return absent;
}

const featuresFile = (scratch: string, label: string): string => join(scratch, `${label.replaceAll(/\W+/g, '-')}.f32`);

async function runOurs(
  { label, environment, ...kind }: Contestant,
  search: Readonly<Record<string, string>>,
  place: Place,
): Promise<Result> {
  const { common, scratch, timeout } = place;
  const features = featuresFile(scratch, label);
  const task: Task = { ...common, ...kind, features };
  const taskFile = `${features}.json`;
  writeFileSync(taskFile, JSON.stringify(task));
  // From the sources, or beside this file in the bundle.
  const fromSources = import.meta.url.endsWith('.ts');
  const script = fileURLToPath(new URL(fromSources ? 'ours.ts' : 'ours.js', import.meta.url));
  const { lines, reason } = await runLines(
    [process.execPath, ...(fromSources ? ['--import', 'tsx'] : []), script, taskFile],
    {
      // sharp decodes on libuv's thread pool.
      UV_THREADPOOL_SIZE: String(Math.max(4, common.cores)),
      ...(kind.device === 'cuda' ? search : {}),
      ...environment,
    },
    timeout,
  );
  return compared(gather(label, lines, reason), place);
}

async function runTorch(theirs: ReturnType<typeof torchContestants>, place: Place): Promise<readonly Result[]> {
  const { common, scratch, timeout } = place;
  const peer = findPeer('torch', 'torchvision');
  const labels = ['torch decoding', ...theirs.map(({ label }) => label)];
  if (peer === undefined) return labels.map((label) => gather(label, [], 'no Python has torch and torchvision'));
  const task: TorchTask = {
    ...common,
    contestants: theirs.map((each) => ({ ...each, features: featuresFile(scratch, each.label) })),
  };
  const taskFile = join(scratch, 'torch.json');
  writeFileSync(taskFile, JSON.stringify(task));
  const script = fileURLToPath(new URL('theirs.py', import.meta.url));
  const { lines, reason } = await runLines([peer.python, '-W', 'ignore', script, taskFile], {}, 3 * timeout);
  return labels.map((label) => {
    const own = lines.filter((line) => line.label === label);
    return compared(gather(label, own, own.length === 0 ? (reason ?? 'not reached') : undefined), place);
  });
}

/** The result with its features compared with the CPU's, where both were written. */
function compared(result: Result, { scratch, common: { comparedRows: rows } }: Place): Result {
  if (result.label === referenceLabel) return result;
  const [own, reference] = [result.label, referenceLabel].map((label) => featuresFile(scratch, label));
  const features = compareFeatures(own as string, reference as string, rows);
  return features === undefined ? result : { ...result, features };
}

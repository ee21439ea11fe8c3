import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../../../src/system/errors.ts';
import { Draw } from './draw.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import type { Finding, FuzzOrder, FuzzResult, TargetCounts } from './protocol.ts';
import { fuzzTargets } from './targets.ts';

/** A reader may allocate this many times its input, plus a constant. */
const memoryFactor = 100;
const memoryFloor = 64 * 2 ** 20;
const maxFindings = 20;

/** Bytes in buffers after the last input, read once per input because the query is slow. */
let buffersHeld = process.memoryUsage().arrayBuffers;

const { count, seed, only, progress } = workerData as FuzzOrder;
void fuzz();

async function fuzz(): Promise<void> {
  const { targets: all, close } = fuzzTargets();
  const targets = all.filter(({ name }) => only === undefined || name.includes(only));
  const counts: Record<string, TargetCounts> = {};
  for (const { name } of targets) counts[name] = { accepted: 0, refused: 0, slowestMs: 0 };
  const findings: Finding[] = [];
  for (let input = 0; input < count && findings.length < maxFindings; input++) {
    Atomics.store(progress, 0, input);
    const target = targets[input % targets.length] as FuzzTarget;
    const bytes = target.make(new Draw(seed * 2 ** 26 + input));
    const problem = await readOne(target, bytes, counts[target.name] as TargetCounts);
    if (problem !== undefined)
      findings.push({ target: target.name, input, problem, bytes: Buffer.from(bytes).toString('base64') });
  }
  close();
  parentPort?.postMessage({ counts, findings } satisfies FuzzResult);
}

/** What the reader did wrong; undefined if it accepted or rejected the input properly. */
async function readOne(target: FuzzTarget, bytes: Uint8Array, count: TargetCounts): Promise<string | undefined> {
  const buffersBefore = buffersHeld;
  const start = performance.now();
  try {
    await target.read(bytes);
    count.accepted++;
  } catch (error) {
    if (!(error instanceof UserError)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
    count.refused++;
  }
  count.slowestMs = Math.max(count.slowestMs, performance.now() - start);
  buffersHeld = process.memoryUsage().arrayBuffers;
  const asked = buffersHeld - buffersBefore;
  if (asked > memoryFloor + memoryFactor * bytes.length)
    return `allocated ${asked} bytes of buffers for an input of ${bytes.length}`;
  return undefined;
}

import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { unitRows } from '../../src/numerics/nearest.kernel.ts';
import { nextUint32, seedStream } from '../../src/numerics/xoshiro.kernel.ts';
import { nearestPlaces } from '../../src/predict/find/nearest-photos.ts';
import { findPeer, peerEnvironment, tellPeer } from './peers/python.ts';

const usage = `npm run bench -- find [options]: the search of featuretap find, once the question is a vector
  --rows N      drawn rows, in memory (default 100000)
  --dims N      numbers in a row (default 512, CLIP's)
  --count N     photos to find (default 20)
  --threads T   (default: the machine's cores)
  --rounds R    searches, of which the median counts (default 15)
NumPy does the same: a product and argpartition.`;

/** Finds the nearest of many random rows, compared with NumPy. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '100000' },
      dims: { type: 'string', default: '512' },
      count: { type: 'string', default: '20' },
      threads: { type: 'string', default: String(availableParallelism()) },
      rounds: { type: 'string', default: '15' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const [rowCount, columnCount, count, threads, rounds] = [
    values.rows,
    values.dims,
    values.count,
    values.threads,
    values.rounds,
  ].map(Number) as [number, number, number, number, number];
  const random = seedStream(0, 0);
  const data = Float32Array.from({ length: rowCount * columnCount }, () => nextUint32(random) / 2 ** 31 - 1);
  unitRows(data, rowCount, columnCount);
  const query = { rowCount: 1, columnCount, data: data.slice(0, columnCount) };
  const seconds: number[] = [];
  const processor: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const used = process.cpuUsage();
    const clock = performance.now();
    const [first] = await nearestPlaces({ rowCount, columnCount, data }, query, { count, threads });
    if (first?.place !== 0) throw new Error('a row is nearest to itself');
    // The first search opens a session.
    if (round === 0) continue;
    seconds.push(performance.now() - clock);
    const { user, system } = process.cpuUsage(used);
    processor.push((user + system) / 1000);
  }
  const ours = median(seconds);
  const peer = findPeer('numpy');
  tellPeer(peer, 'NumPy');
  const theirs =
    peer &&
    Number(
      spawnSync(peer.python, ['-c', numpy, values.rows, values.dims, values.count, values.rounds], {
        encoding: 'utf8',
        env: { ...peerEnvironment, OPENBLAS_NUM_THREADS: values.threads },
      }).stdout,
    );
  const beside =
    theirs === undefined ? '' : `; NumPy ${theirs.toFixed(1)} ms, ${(theirs / ours).toFixed(2)} times as fast`;
  const alone = `${median(processor).toFixed(1)} ms of processor time on ${threads} threads`;
  console.log(`${count} nearest of ${rowCount} rows x ${columnCount}: ${ours.toFixed(1)} ms, ${alone}${beside}`);
}

const numpy = `
import sys, time
import numpy as np
rows, dims, count, rounds = map(int, sys.argv[1:])
bank = np.random.default_rng(0).standard_normal((rows, dims), dtype=np.float32)
bank /= np.linalg.norm(bank, axis=1, keepdims=True)
query = bank[0].copy()
seconds = []
for _ in range(rounds + 1):
    clock = time.perf_counter()
    found = bank @ query
    best = np.argpartition(found, -count)[-count:]
    best = best[np.argsort(-found[best])]
    seconds.append(time.perf_counter() - clock)
print(1000 * float(np.median(seconds[1:])))
`;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

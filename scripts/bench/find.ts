import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { unitRows } from '../../src/numerics/nearest.kernel.ts';
import { nextUint32, seedStream } from '../../src/numerics/xoshiro.kernel.ts';
import { nearestPlaces } from '../../src/predict/find/nearest-photos.ts';
import { findPeer, peerEnvironment, reportPeer } from './peers/python.ts';

const purpose = `Measures the search of featuretap find for a given vector, compared with NumPy's product and
argpartition.`;

export async function run(args: readonly string[]): Promise<void> {
  const values = benchOptions(args, 'find', purpose, {
    rows: ['random rows in memory', 'N', '100000'],
    dims: ["numbers per row; 512 are CLIP's", 'N', '512'],
    count: ['photos to find', 'N', '20'],
    threads: ['of both sides', 'T', String(availableParallelism())],
    rounds: ['searches, of which the median counts', 'R', '15'],
  });
  if (values === undefined) return;
  const rowCount = wholeNumber('--rows', values.rows);
  const columnCount = wholeNumber('--dims', values.dims);
  const count = wholeNumber('--count', values.count);
  const threads = wholeNumber('--threads', values.threads);
  const rounds = wholeNumber('--rounds', values.rounds);
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
    if (first?.place !== 0) throw new Error('a row must be nearest to itself');
    // The first search opens a session.
    if (round === 0) continue;
    seconds.push(performance.now() - clock);
    const { user, system } = process.cpuUsage(used);
    processor.push((user + system) / 1000);
  }
  const ours = median(seconds);
  const peer = findPeer('numpy');
  reportPeer(peer, 'NumPy');
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

import { median } from './shared/numbers.ts';
import { benchOptions, wholeNumber } from './shared/options.ts';

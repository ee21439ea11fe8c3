// Kills the real command line with SIGKILL at random moments of an extraction, starts it again, and compares every file
// of the finished feature set with that of an undisturbed run:
//
//   npm run torture -- [kills, default 100] [seed, default 0]
//
// or every verb, by kills, full disks, two runs at once and inputs that come and go:
//
//   npm run torture -- all [kills, default 100] [seed, default 0]
//   npm run torture -- suggest,find,kill-serve [kills, default 100] [seed, default 0]
//
// or a server, by slow and cut bodies, decompression bombs, the fuzzers' images and many requests:
//
//   npm run torture -- serve [requests, default 10000] [seed, default 0]
//
// One kill in five falls anywhere in a run, the others between the moment in which it takes the lock and its end: the
// start of the program, when no file is touched, is most of such a short run.
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../demo/random.ts';
import { tortureAll } from './all.ts';
import { drawPhotos } from './draw-photos.ts';
import { Program } from './run.ts';
import { hostileServe } from './serve/hostile.ts';
import { writeTinyWeights } from './tiny-weights.ts';
import { extractArgs, torturedVerbs } from './verbs.ts';

/** Pseudo-verb for the disturbances of `serve` in `all`; `serve` itself sends many requests to one server. */
const killServe = 'kill-serve';

interface TortureResult {
  readonly kills: number;
  /** Runs that were started, including killed ones. */
  readonly runs: number;
  /** Kills of a run that held the lock. */
  readonly killsAtWork: number;
  readonly imageCount: number;
  /** Files whose bytes differ from those of an undisturbed run. */
  readonly different: readonly string[];
}

/**
 * @param kills minimum number of kills of a run that holds the lock
 * @param seed of the times of kills
 * @param imageCount images of the generated folder
 */
export async function torture(kills: number, seed: number, imageCount = 120): Promise<TortureResult> {
  const folder = await mkdtemp(join(tmpdir(), 'featuretap-torture-'));
  const [undisturbed, killed] = [new Program(), new Program()];
  try {
    const data = join(folder, 'data');
    await drawPhotos(data, imageCount);
    const weights = join(folder, 'resnet-tiny.safetensors');
    await writeTinyWeights(weights);
    const start = (program: Program, cache: string, kill?: Kill): Promise<EndedRun> =>
      run(program, extractArgs({ data, weights }, cache), join(cache, 'set', '.run'), kill);
    const whole = await start(undisturbed, join(folder, 'undisturbed'));
    const expected = await hashes(join(folder, 'undisturbed', 'set'));
    const random = seededRandom(seed);
    let done = 0;
    let runs = 0;
    let killsAtWork = 0;
    const different = new Set<string>();
    // Each round starts a new set and kills it until it is complete.
    for (let round = 0; killsAtWork < kills; round++) {
      const cache = join(folder, `round-${round}`);
      for (let finished = false; !finished; ) {
        // Rounds differ in how far a run gets before it is killed.
        const anywhere = random() < 0.2;
        const share = random();
        const kill: Kill = anywhere ? { afterStartMs: share * whole.ms } : { afterLockMs: share * whole.workMs };
        runs++;
        // A new program each time, so that times are comparable.
        killed.close();
        const ended = await (killsAtWork < kills ? start(killed, cache, kill) : start(undisturbed, cache));
        finished = !ended.killed;
        if (ended.killed) done++;
        if (ended.killed && ended.workMs > 0) killsAtWork++;
      }
      const found = await hashes(join(cache, 'set'));
      for (const file of new Set([...Object.keys(expected), ...Object.keys(found)])) {
        if (expected[file] !== found[file]) different.add(`round ${round}: ${file}`);
      }
      await rm(cache, { recursive: true });
    }
    return { kills: done, runs, killsAtWork, imageCount, different: [...different] };
  } finally {
    undisturbed.close();
    killed.close();
    await rm(folder, { recursive: true });
  }
}

/** When a run is killed: time after its start, or after it took the lock; never if neither is given. */
interface Kill {
  readonly afterStartMs?: number;
  readonly afterLockMs?: number;
}

interface EndedRun {
  readonly killed: boolean;
  readonly ms: number;
  /** Milliseconds since it took the lock; 0 if it never did. */
  readonly workMs: number;
}

/** Runs the command until it ends or is killed. */
async function run(program: Program, args: readonly string[], lockFolder: string, kill: Kill = {}): Promise<EndedRun> {
  const started = performance.now();
  let locked: number | undefined;
  const timers: NodeJS.Timeout[] = [];
  const killAfter = (ms: number | undefined): void => {
    if (ms !== undefined) timers.push(setTimeout(() => program.kill(), ms));
  };
  const ended = program.run(args);
  const ownLock = new RegExp(`-${program.pid}-\\d+\\.json$`);
  const watch = setInterval(() => {
    if (locked !== undefined || !namesIn(lockFolder).some((name) => ownLock.test(name))) return;
    locked = performance.now();
    killAfter(kill.afterLockMs);
  }, 2);
  timers.push(watch);
  killAfter(kill.afterStartMs);
  const { code, signal, stderr } = await ended;
  for (const timer of timers) clearTimeout(timer);
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`extract ended with ${code ?? signal}: ${stderr}`);
  const now = performance.now();
  return { killed: code !== 0, ms: now - started, workMs: locked === undefined ? 0 : now - locked };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

async function hashes(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const file of (await readdir(folder)).filter((name) => name !== '.run').sort()) {
    found[file] = createHash('sha256')
      .update(await readFile(join(folder, file)))
      .digest('hex');
  }
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [first = '', ...rest] = process.argv.slice(2);
  if (first === 'serve') await serveAlone(rest);
  else if (first === '' || /^\d+$/.test(first)) await extractAlone(process.argv.slice(2));
  else await theVerbs(first, rest);
}

/** @param names `all`, or verbs: `suggest,find`; `kill-serve` is the part of `all` for `serve` */
async function theVerbs(names: string, [kills = '100', seed = '0']: readonly string[]): Promise<void> {
  const asked = names.split(',');
  const known = [...torturedVerbs.map(({ verb }) => verb), killServe];
  const unknown = asked.find((name) => names !== 'all' && !known.includes(name));
  if (unknown !== undefined) throw new Error(`${unknown} is not one of all, serve, ${known.join(', ')}`);
  const count = Number(kills);
  const cells = (values: readonly (string | number)[]): string =>
    values.map((value) => String(value).padEnd(11)).join('');
  console.log(cells(['verb', 'kills', 'full disk', 'two at once', ' churn', 'wrong']));
  const results = await tortureAll({
    kills: count,
    others: Math.max(2, Math.round(count / 5)),
    seed: Number(seed),
    verbs: names === 'all' ? undefined : torturedVerbs.filter(({ verb }) => asked.includes(verb)),
    withServe: names === 'all' || asked.includes(killServe),
    onResult: ({ verb, kills: killed, fullDisks, twos, churns, wrong }) => {
      console.log(cells([verb, killed, fullDisks ?? 'skipped', twos, ` ${churns}`, wrong.length]));
      for (const what of wrong) console.log(`  ${what}`);
    },
  });
  if (results.some(({ fullDisks }) => fullDisks === undefined))
    console.log('full disk: skipped, mounting one needs root');
  const isWell = results.every(({ wrong }) => wrong.length === 0);
  console.log(isWell ? 'no partial file, no mixed file, no hang' : 'FAILED');
  process.exitCode = isWell ? 0 : 1;
}

async function serveAlone([requests = '10000', seed = '0']: readonly string[]): Promise<void> {
  const started = performance.now();
  const { statuses, fuzzed, memoryMB, wrong } = await hostileServe({ requests: Number(requests), seed: Number(seed) });
  const seconds = Math.round((performance.now() - started) / 1000);
  const counted = Object.entries(statuses).map(([status, count]) => `${count} with ${status}`);
  console.log(`${requests} requests in ${seconds} s, answered ${counted.join(', ')}`);
  console.log(`fuzzed images among them: ${fuzzed.read} read, ${fuzzed.refused} rejected`);
  const [after, atEnd] = memoryMB ?? [];
  if (after !== undefined && atEnd !== undefined) {
    console.log(`memory: ${after.toFixed(0)} MB after a fifth of them, ${atEnd.toFixed(0)} MB after all`);
  }
  for (const what of wrong) console.log(`  ${what}`);
  console.log(wrong.length === 0 ? 'each was answered with the right status, and the server kept running' : 'FAILED');
  process.exitCode = wrong.length === 0 ? 0 : 1;
}

async function extractAlone([kills = '100', seed = '0']: readonly string[]): Promise<void> {
  const started = performance.now();
  const { runs, killsAtWork, imageCount, different, ...result } = await torture(Number(kills), Number(seed));
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(
    `${result.kills} kills, ${killsAtWork} of them after the lock, ` +
      `over ${runs} runs of ${imageCount} images in ${seconds} s`,
  );
  for (const file of different) console.log(`differs: ${file}`);
  console.log(different.length === 0 ? 'every finished set has the bytes of an uninterrupted run' : 'FAILED');
  process.exitCode = different.length === 0 ? 0 : 1;
}

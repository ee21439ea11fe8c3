import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../demo/random.ts';
import { type Ended, Program } from './run.ts';
import { tortureServe } from './serve/disturb.ts';
import { startOver, type TorturedVerb, torturedVerbs, type World } from './verbs.ts';
import { makeWorld, must } from './world.ts';

/** Results of one verb. */
export interface TorturedResult {
  readonly verb: string;
  readonly kills: number;
  /** Runs that filled the disk; undefined if no small disk can be mounted, `none` where the verb writes nothing. */
  readonly fullDisks: number | 'none' | undefined;
  readonly twos: number;
  readonly churns: number;
  /** Failures: a partial or mixed file, a hang, an error without a message. */
  readonly wrong: readonly string[];
}

export interface TortureOptions {
  readonly kills: number;
  /** Number of each of the other disturbances. */
  readonly others: number;
  readonly seed: number;
  readonly imageCount?: number;
  /** Default: every verb that ends by itself. */
  readonly verbs?: readonly TorturedVerb[] | undefined;
  /** Disturb `serve`, too. Default: true. */
  readonly withServe?: boolean;
  readonly onResult?: (result: TorturedResult) => void;
}

/** Disturbs every verb in every way, and compares its files with those of undisturbed runs. */
export async function tortureAll(options: TortureOptions): Promise<readonly TorturedResult[]> {
  const root = await mkdtemp(join(tmpdir(), 'featuretap-torture-all-'));
  const programs: Programs = { one: new Program(), other: new Program(), killed: new Program() };
  try {
    const world = await makeWorld(root, options.imageCount ?? 60, programs.one);
    const results: TorturedResult[] = [];
    for (const verb of options.verbs ?? torturedVerbs) {
      const result = await new Torture(verb, world, options, programs).run();
      results.push(result);
      options.onResult?.(result);
    }
    if (options.withServe !== false) {
      const result = await tortureServe(world, options);
      results.push(result);
      options.onResult?.(result);
    }
    return results;
  } finally {
    for (const program of Object.values(programs)) program.close();
    await rm(root, { recursive: true, force: true });
  }
}

/** Two that serve all verbs, in parallel where needed, and one that is killed. */
interface Programs {
  readonly one: Program;
  readonly other: Program;
  readonly killed: Program;
}

class Torture {
  readonly #verb: TorturedVerb;
  readonly #world: World;
  readonly #options: TortureOptions;
  readonly #random: () => number;
  readonly #programs: Programs;
  readonly #wrong: string[] = [];
  #expected: ReadonlyMap<string, string> = new Map();
  #wholeMs = 0;

  constructor(verb: TorturedVerb, world: World, options: TortureOptions, programs: Programs) {
    this.#programs = programs;
    this.#verb = verb;
    this.#world = world;
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  async run(): Promise<TorturedResult> {
    const place = join(this.#world.root, 'place');
    await startOver(this.#verb, this.#world, place);
    this.#wholeMs = await must(this.#verb.args(this.#world, place), this.#programs.one);
    this.#expected = await this.#hashes(place);
    if (this.#expected.size === 0) throw new Error(`${this.#verb.verb} wrote nothing to compare`);
    const twos = await this.#twoAtOnce(place);
    const kills = await this.#kill(place);
    // The first one continues after the last kill.
    const churns = await this.#churn(place);
    const fullDisks = await this.#fillDisk();
    return { verb: this.#verb.verb, kills, fullDisks, twos, churns, wrong: this.#wrong };
  }

  /** kill -9 at times spread over the run, most of them after the program's start; some runs may end before. */
  async #kill(place: string): Promise<number> {
    const asked = this.#options.kills * (this.#verb.timesAsManyKills ?? 1);
    let kills = 0;
    let isWhole = false;
    let freshMs = this.#world.startMs + this.#wholeMs;
    for (let round = 0; kills < asked && round < 20 * asked; round++) {
      // After a run that ended before its kill there is nothing to continue.
      const isFresh = isWhole || round % 5 === 0 || this.#verb.goesOn !== true;
      if (isFresh) await startOver(this.#verb, this.#world, place);
      const spread = (kills + this.#random()) / asked;
      const share = round % 5 === 4 ? this.#random() : 0.4 + 0.6 * spread;
      const started = performance.now();
      const timer = setTimeout(() => this.#programs.killed.kill(), share * freshMs);
      const ended = await this.#run(place, this.#programs.killed);
      clearTimeout(timer);
      isWhole = ended.signal !== 'SIGKILL';
      // The next run also starts a new program, so that it reaches the same stages.
      this.#programs.killed.close();
      // A run that ended before its kill gives a new estimate of the duration, which depends on the load.
      if (isWhole) freshMs = Math.min(0.9 * freshMs, performance.now() - started);
      if (!isWhole && !ended.hung) kills++;
      this.#judge(ended, `killed after ${Math.round(share * 100)} %`, ['SIGKILL', 0]);
      if (this.#verb.goesOn !== true) await this.#check(place, `kill ${kills}`, false);
      if (round % 5 === 4) await this.#finish(place, `after kill ${kills}`);
    }
    return kills;
  }

  /** Disks with increasing space, from none to what the verb needs, where a small one can be mounted. */
  async #fillDisk(): Promise<number | undefined> {
    const disk = join(this.#world.root, 'disk');
    await mkdir(disk, { recursive: true });
    let needed = 0;
    for (const file of await filesBelow(join(this.#world.root, 'place'))) needed += (await stat(file)).size;
    let full = 0;
    for (let round = 0; round < this.#options.others; round++) {
      const size = 2 * needed + 2 ** 20;
      const room = Math.round((round / this.#options.others) * 1.2 * needed);
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk], { stdio: 'ignore' });
      if (mounted.status !== 0) return undefined;
      try {
        const place = join(disk, 'place');
        await startOver(this.#verb, this.#world, place);
        const { bavail, bsize } = await statfs(disk);
        await writeFile(join(disk, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize - room)));
        const ended = await this.#run(place);
        if (ended.code === 1) full++;
        const when = `a disk with ${room} free bytes`;
        this.#judge(ended, when, [0, 1]);
        await this.#check(place, when, false);
      } finally {
        spawnSync('umount', [disk]);
      }
    }
    return full;
  }

  /** Two runs of one command at once: each ends well, or is rejected and names the other. */
  async #twoAtOnce(place: string): Promise<number> {
    for (let round = 0; round < this.#options.others; round++) {
      await startOver(this.#verb, this.#world, place);
      const first = this.#run(place);
      await sleep(this.#random() * 0.3 * this.#wholeMs);
      const second = this.#run(place, this.#programs.other);
      const ended = await Promise.all([first, second]);
      for (const each of ended) this.#judge(each, 'two at once', [0, 1]);
      if (ended.every(({ code }) => code !== 0)) this.#wrong.push('two at once: both failed');
      await this.#check(place, 'two at once', true);
    }
    return this.#options.others;
  }

  /** An input of the verb disappears during the run, and returns. */
  async #churn(place: string): Promise<number> {
    for (let round = 0; round < this.#options.others; round++) {
      if (round > 0) await startOver(this.#verb, this.#world, place);
      const run = this.#run(place);
      await sleep(this.#random() * this.#wholeMs);
      const back = await this.#verb.disturb(this.#world, place);
      const ended = await run;
      await back();
      this.#judge(ended, 'churn', [0, 1, 2]);
      await this.#finish(place, 'after churn');
    }
    return this.#options.others;
  }

  /** Undisturbed, it ends well from any state, with the bytes of an uninterrupted run. */
  async #finish(place: string, when: string): Promise<void> {
    this.#judge(await this.#run(place), when, [0]);
    await this.#check(place, when, true);
  }

  #run(place: string, program: Program = this.#programs.one): Promise<Ended> {
    return program.run(this.#verb.args(this.#world, place));
  }

  #judge(ended: Ended, when: string, allowed: readonly (number | string)[]): void {
    const how = ended.code ?? ended.signal ?? '';
    if (ended.hung) this.#wrong.push(`${when}: hung`);
    else if (!allowed.includes(how)) this.#wrong.push(`${when}: ended with ${how}: ${firstLine(ended.stderr)}`);
    if (/unexpected error|^\s+at .*:\d+:\d+\)?$/m.test(ended.stderr)) {
      this.#wrong.push(`${when}: ${firstLine(ended.stderr)}`);
    }
  }

  /** @param isFinished every file must exist, and no unfinished one */
  async #check(place: string, when: string, isFinished: boolean): Promise<void> {
    if (!isFinished && this.#verb.goesOn === true) return;
    const found = await this.#hashes(place);
    for (const [file, hash] of found) {
      if (this.#expected.get(file) !== hash) this.#wrong.push(`${when}: ${file} has other bytes`);
    }
    if (isFinished) {
      for (const file of this.#expected.keys()) {
        if (!found.has(file)) this.#wrong.push(`${when}: ${file} is missing`);
      }
    }
    for (const path of await filesBelow(place)) {
      const [name, ends] = Object.entries(this.#verb.ends ?? {}).find(([end]) => path.endsWith(end)) ?? [];
      if (ends?.test(await readFile(path, 'utf8')) === false) this.#wrong.push(`${when}: partial ${name}`);
      if (isFinished && /\.(?:unfinished|waiting)$/.test(path))
        this.#wrong.push(`${when}: ${relative(place, path)} was left`);
    }
  }

  async #hashes(place: string): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (const path of await filesBelow(place)) {
      const name = relative(place, path);
      if (!this.#verb.same.test(name) || name.includes('.run')) continue;
      found.set(
        name,
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      );
    }
    return found;
  }
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

function firstLine(text: string): string {
  return text.trim().split('\n').slice(0, 3).join(' | ');
}

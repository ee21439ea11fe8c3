import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../demo/random.ts';
import type { TorturedResult, TortureOptions } from '../all.ts';
import { freePorts } from '../free-ports.ts';
import type { World } from '../verbs.ts';
import { type Ended, post, ServedProcess, sameAnswer } from './served-process.ts';

/** Concurrent photos while a server is disturbed. */
const askedAtOnce = 4;

/**
 * Disturbs `serve`: kills it while it answers and restarts it on the same port, starts two on one port, and removes its
 * inputs while it runs. It writes no files, so full disks are not tested.
 */
export async function tortureServe(world: World, options: TortureOptions): Promise<TorturedResult> {
  const [name = ''] = await readdir(join(world.data, 'class-0'));
  const photo = Uint8Array.from(await readFile(join(world.data, 'class-0', name)));
  // Both servers of a pair must want the same one.
  const [port = 0] = await freePorts(1);
  const torture = new ServeTorture(world, photo, port, seededRandom(options.seed));
  await torture.begin();
  const churns = await torture.churn(options.others);
  const kills = await torture.kill(options.kills);
  const twos = await torture.twoAtOnce(options.others);
  return { verb: 'serve', kills, fullDisks: 'none', twos, churns, wrong: torture.wrong };
}

class ServeTorture {
  readonly wrong: string[] = [];
  readonly #world: World;
  readonly #photo: Uint8Array<ArrayBuffer>;
  readonly #port: number;
  readonly #random: () => number;
  #expected = '';
  #files: readonly string[] = [];

  constructor(world: World, photo: Uint8Array<ArrayBuffer>, port: number, random: () => number) {
    this.#world = world;
    this.#photo = photo;
    this.#port = port;
    this.#random = random;
  }

  async begin(): Promise<void> {
    this.#files = await this.#filesThere();
  }

  /** kill -9 during requests; the next server takes the same port, answers the same, and no file is left. */
  async kill(count: number): Promise<number> {
    for (let round = 1; round <= count; round++) {
      const server = this.#start();
      const url = await server.url;
      await this.#answers(url, `before kill ${round}`);
      const asked = Array.from({ length: askedAtOnce }, () => post(url, this.#photo));
      await sleep(this.#random() * 60);
      server.kill('SIGKILL');
      for (const { status } of await Promise.all(asked)) {
        if (status !== 200 && status !== 0) this.wrong.push(`kill ${round}: a running request got ${status}`);
      }
      const { signal } = await server.ended;
      if (signal !== 'SIGKILL') this.wrong.push(`kill ${round}: ended before it`);
    }
    const left = await this.#filesThere();
    if (left.join() !== this.#files.join()) this.wrong.push('after the kills: other files than before');
    return count;
  }

  /** The second one is rejected and names the port, and the first continues. */
  async twoAtOnce(count: number): Promise<number> {
    for (let round = 0; round < count; round++) {
      const first = this.#start();
      const url = await first.url;
      const second = this.#start();
      const asked = post(url, this.#photo);
      const ended = await second.ended;
      this.#judge(ended, 'two at once: the second', 1);
      if (!ended.stderr.includes(`${this.#port}`)) this.wrong.push(`two at once: ${ended.stderr}`);
      if ((await asked).status !== 200) this.wrong.push('two at once: the first did not answer');
      await this.#answers(url, 'two at once');
      this.#judge(await first.stop(), 'two at once: the first', 0);
    }
    return count;
  }

  /**
   * The report, the features and the photos are removed while it runs: they are in memory. All answers must equal the
   * first.
   */
  async churn(count: number): Promise<number> {
    const { report, set, data } = this.#world;
    for (let round = 0; round < count; round++) {
      const server = this.#start();
      const url = await server.url;
      if (url === '') throw new Error(`serve did not start: ${(await server.ended).stderr}`);
      if (round === 0) this.#expected = (await post(url, this.#photo)).body;
      const gone = [report, set, data][round % 3] as string;
      const asked = post(url, this.#photo);
      await rename(gone, `${gone}.away`);
      try {
        await this.#answers(url, 'churn');
        const explained = await post(url, this.#photo, '?why=true&unlike=true&overlay=true');
        if (explained.status !== 200) this.wrong.push(`churn: ${explained.status} ${explained.body.slice(0, 200)}`);
        if ((await asked).status !== 200) this.wrong.push('churn: a running request had no answer');
      } finally {
        await rename(`${gone}.away`, gone);
      }
      this.#judge(await server.stop(), 'churn', 0);
    }
    return count;
  }

  #start(): ServedProcess {
    return new ServedProcess(['--head', this.#world.report, '--port', String(this.#port)]);
  }

  async #answers(url: string, when: string): Promise<void> {
    if (url === '') {
      this.wrong.push(`${when}: did not start`);
      return;
    }
    const { status, body } = await post(url, this.#photo);
    if (status !== 200 || !sameAnswer(body, this.#expected))
      this.wrong.push(`${when}: ${status} ${body.slice(0, 200)}`);
  }

  #judge({ code, signal, stderr }: Ended, when: string, expected: number): void {
    if (code !== expected) this.wrong.push(`${when}: ended with ${code ?? signal}: ${stderr.slice(0, 200)}`);
    if (/unexpected error|^\s+at .*:\d+:\d+\)?$/m.test(stderr)) this.wrong.push(`${when}: ${stderr.slice(0, 200)}`);
  }

  /** Files of the report and the feature set: no other may appear. */
  async #filesThere(): Promise<readonly string[]> {
    const { report, set } = this.#world;
    const names: string[] = [];
    for (const folder of [report, set]) names.push(...(await readdir(folder, { recursive: true })));
    return names.sort();
  }
}

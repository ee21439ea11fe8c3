// Disturbs the real commands with kills, full disks, concurrent runs and vanishing inputs, and compares every file of a
// finished run with that of an uninterrupted one:
//
//   npm run torture -- all [kills, default 100] [seed, default 0]
//   npm run torture -- extract,suggest,kill-serve [kills, default 100] [seed, default 0]
//
// or a server, with slow and truncated bodies, decompression bombs, the fuzzers' images and many requests:
//
//   npm run torture -- serve [requests, default 10000] [seed, default 0]
import { tortureAll } from './all.ts';
import { hostileServe } from './serve/hostile.ts';
import { torturedVerbs } from './verbs.ts';

/** Pseudo-verb for the disturbances of `serve` in `all`; `serve` itself sends many requests to one server. */
const killServe = 'kill-serve';

const [first = 'all', ...rest] = process.argv.slice(2);
if (first === 'serve') await serveAlone(rest);
else await tortureVerbs(first, rest);

/** @param names `all`, or verbs: `suggest,find`; `kill-serve` is the part of `all` for `serve` */
async function tortureVerbs(names: string, [kills = '100', seed = '0']: readonly string[]): Promise<void> {
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

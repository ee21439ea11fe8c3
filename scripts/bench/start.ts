import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { drawPhotos } from '../torture/draw-photos.ts';
import { findNode } from './peers/node.ts';
import { findPeer } from './peers/python.ts';
import { aboutRun, writeDocument } from './shared/document.ts';
import { median } from './shared/numbers.ts';
import { benchOptions } from './shared/options.ts';
import { launcher, linkCheckout, must, unpackPackage } from './start/programs.ts';

const purpose = `Measures how long a command takes to start: on a tiny set, from this checkout and from the package,
compared with Python's imports. Every command runs once per round, the rounds in turn.
npm run bench -- setup installs a Python with the newest scikit-learn and PyTorch (default python3).`;

interface Row {
  readonly who: string;
  readonly what: string;
  readonly command: readonly string[];
  /** Exit code of an answer. */
  readonly code: number;
  /** Runs before each run, untimed. */
  readonly prepare?: () => void;
  readonly seconds: number[];
}

export async function run(args: readonly string[]): Promise<void> {
  const values = benchOptions(args, 'start', purpose, {
    rounds: ['number of rounds', 'N', '9'],
    node: ['further Nodes: programs, or major versions such as 22, which npm downloads', 'NODE,NODE'],
    out: ['write the results as JSON', 'FILE', 'bench/start.json'],
  });
  if (values === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'featuretap-bench-'));
  try {
    const commands = await smallCommands(folder);
    const rows = listRows(folder, commands, [process.execPath, ...(values.node?.split(',') ?? []).map(findNode)]);
    // The first run of each fills the caches.
    const kept = rows.filter((row) => time(row) !== undefined);
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const row of kept) row.seconds.push(time(row) as number);
    }
    print(rows);
    writeDocument(values.out, document(args, kept));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Commands on 40 small photos, a tiny network and six heads, by their labels, with their expected exit codes. */
async function smallCommands(folder: string): Promise<ReadonlyMap<string, readonly [code: number, args: string[]]>> {
  const photos = join(folder, 'photos');
  const cache = join(folder, 'cache');
  const reports = join(folder, 'reports');
  await drawPhotos(photos, 40);
  const photo = join(
    photos,
    readdirSync(photos, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.jpg')) as string,
  );
  const features = join(cache, 'photos');
  const network = ['--weights', 'random:resnet-tiny', '--resize', '36', '--crop', '32'];
  must(process.execPath, [launcher, 'extract', '--data', photos, '--cache', cache, ...network]);
  const classify = ['classify', '--features', features, '--test-size', '0.2', '--out', reports];
  must(process.execPath, [launcher, ...classify, '--model', 'all']);
  const set = join(reports, 'photos');
  const head = join(set, readdirSync(set).find((name) => name.startsWith('svm')) as string);
  return new Map([
    ['--help', [0, ['--help']]],
    ['a wrong option', [2, ['classify', '--wrong']]],
    ['extract, unchanged', [0, ['extract', '--data', photos, '--cache', cache, ...network]]],
    ['classify --model svm', [0, [...classify, '--model', 'svm']]],
    ['compare of six, page', [0, ['compare', set, '--html', join(folder, 'page.html')]]],
    ['predict of one photo', [0, ['predict', '--head', head, photo]]],
  ]);
}

function listRows(
  folder: string,
  commands: ReadonlyMap<string, readonly [code: number, args: string[]]>,
  nodes: readonly string[],
): Row[] {
  const installed = unpackPackage(join(folder, 'package'));
  const python = findPeer('sklearn', 'torch')?.python ?? 'python3';
  const rows: Row[] = [];
  const add = (who: string, what: string, command: readonly string[], code = 0): void => {
    rows.push({ who, what, command, code, seconds: [] });
  };
  for (const node of nodes) {
    const version = versionOf(node, '--version');
    add(`node ${version}`, 'nothing', [node, '--eval', '0']);
    for (const [what, [code, given]] of commands) {
      add(`checkout, node ${version}`, what, [node, launcher, ...given], code);
      add(`package, node ${version}`, what, [node, installed, ...given], code);
    }
  }
  const edited = linkCheckout(join(folder, 'edited'));
  rows.push({
    who: `checkout, node ${versionOf(process.execPath, '--version')}`,
    what: '--help, first after an edit',
    command: [process.execPath, edited, '--help'],
    code: 0,
    prepare: () => rmSync(join(folder, 'edited/node_modules/.cache'), { recursive: true, force: true }),
    seconds: [],
  });
  add('npm', 'run -s featuretap -- --help', ['npm', 'run', '-s', 'featuretap', '--', '--help']);
  for (const [name, module] of [
    ['scikit-learn', 'sklearn'],
    ['PyTorch', 'torch'],
  ] as const) {
    add(`${basename(python)}, ${name}`, `import ${module}`, [python, '-c', `import ${module}`]);
  }
  return rows;
}

function versionOf(program: string, ...args: string[]): string {
  return spawnSync(program, args, { encoding: 'utf8' }).stdout.trim().replace(/^v/, '');
}

/** Seconds of one run; undefined if it cannot run. */
function time({ command: [program = '', ...args], code, prepare }: Row): number | undefined {
  prepare?.();
  const started = performance.now();
  const { status } = spawnSync(program, args, { stdio: 'ignore' });
  return status === code ? (performance.now() - started) / 1000 : undefined;
}

function print(rows: readonly Row[]): void {
  const widths = [Math.max(...rows.map(({ what }) => what.length)), Math.max(...rows.map(({ who }) => who.length))];
  const line = (what: string, who: string, ...figures: string[]): void =>
    console.log(`${what.padEnd(widths[0] as number)}  ${who.padEnd(widths[1] as number)}  ${figures.join('  ')}`);
  line('', '', 'median, s', 'fastest');
  for (const { who, what, seconds } of [...rows].sort((one, other) => order(rows, one) - order(rows, other))) {
    if (seconds.length === 0) line(what, who, 'missing');
    else
      line(
        what,
        who,
        median(seconds).toFixed(3).padStart(9),
        Math.min(...seconds)
          .toFixed(3)
          .padStart(7),
      );
  }
}

/** Groups rows by command, in the order of the commands. */
function order(rows: readonly Row[], { what }: Row): number {
  return rows.findIndex((row) => row.what === what);
}

function document(args: readonly string[], rows: readonly Row[]): object {
  return {
    ...aboutRun('start', args),
    rows: rows.map(({ who, what, seconds }) => ({ who, what, median: median(seconds), fastest: Math.min(...seconds) })),
  };
}

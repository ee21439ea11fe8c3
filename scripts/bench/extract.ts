import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cosines } from '../../src/extract/backbone/quantize/cosine.kernel.ts';
import { multipliesBytesExactly } from '../../src/extract/backbone/quantize/processor.ts';
import { UserError } from '../../src/system/errors.ts';
import { aboutRun, writeDocument } from './document.ts';
import { Contestant, type Mode, type NetworkName, networkNames, type Round, type Task } from './extract/contestant.ts';
import { prepare } from './extract/prepare.ts';
import { type Figures, printClaims, printFigures } from './extract/print.ts';
import { findPeer } from './peers/python.ts';

const usage = `npm run bench -- extract [options]
  --backbone A,B     networks, one after the other: resnet18, resnet50, vit-s14 (DINOv2's small one) [resnet50]
  --data FOLDER      photos (default: ../shared/dogs where it is, else drawn ones)
  --weights NAME     of the ResNet (default of resnet50: ../shared/weights/resnet50-pqf.safetensors where it is, else random)
  --images N         images of a round of the backbone alone (default 64)
  --end-to-end N     images of a round from files, the folder over again where it holds fewer; 0 leaves it out (default 200)
  --batches A,B      images per run (default 8)
  --threads T        of every contestant (default: the machine's cores)
  --rounds R         turns: every contestant once, then again (default 3)
  --round-seconds S  the others run fewer images in a round that would take much longer (default 20)
  --only WORD,WORD   contestants of these names, or whose name holds the word where none is called so
  --out FILE         writes the figures as JSON
Python: the one of npm run bench -- setup, or $FEATURETAP_BENCH_PYTHON, for the newest torch and OpenVINO; beside it
python3 or /usr/bin/python3 where it has torch and torchvision.`;

const debianEngines = ['torch eager', 'torch optimize_for_inference', 'torch bf16 channels-last', 'torch int8 FX'];
const newestEngines = [
  'torch eager',
  'torch compile',
  'torch bf16 channels-last',
  'torch compile bf16 channels-last',
  'torch int8 PT2E',
  'openvino float32',
  'openvino bf16',
  'openvino int8 NNCF',
];

/** Numbers per row of each. */
const dims: Readonly<Record<NetworkName, number>> = { resnet18: 512, resnet50: 2048, 'vit-s14': 384 };

interface Entry {
  readonly engine: string;
  /** Absent: this project. */
  readonly python?: string;
}

/** Measures ResNet50 features on this machine, contestants in turn: the backbone alone, and from files. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      backbone: { type: 'string', default: 'resnet50' },
      data: { type: 'string' },
      weights: { type: 'string' },
      images: { type: 'string', default: '64' },
      'end-to-end': { type: 'string', default: '200' },
      batches: { type: 'string', default: '8' },
      threads: { type: 'string', default: String(availableParallelism()) },
      rounds: { type: 'string', default: '3' },
      'round-seconds': { type: 'string', default: '20' },
      only: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const counts = [values.images, values['end-to-end'], values.threads, values.rounds, values['round-seconds']];
  const [images, endToEnd, threads, rounds, roundSeconds] = counts.map(count);
  const batches = values.batches.split(',').map(count);
  const least = Math.max(16, ...batches.map((batch) => 2 * batch));
  if ((images as number) < least)
    throw new UserError({ what: `--images ${images} is too few`, expected: `${least}`, exitCode: 2 });
  const networks = values.backbone.split(',').map(network);
  const load = loadavg()[0] as number;
  const all: (Figures & { readonly network: NetworkName })[] = [];
  for (const network of networks) {
    const scratch = await mkdtemp(join(tmpdir(), 'featuretap-bench-'));
    try {
      const python = network === 'vit-s14' ? findPeer('torch', 'transformers', 'onnx')?.python : undefined;
      const input = { ...values, network, python };
      const common = await prepare(scratch, input, images as number, endToEnd as number);
      const figures: Figures[] = [];
      const modes: readonly Mode[] = endToEnd === 0 ? ['backbone'] : ['backbone', 'end-to-end'];
      for (const batch of batches) {
        const turn = { ...common, batch, threads: threads as number, roundSeconds: roundSeconds as number };
        figures.push(...(await contest(entries(values.only, network), turn, modes, rounds as number)));
      }
      if (networks.length > 1) console.log(`\n${network}`);
      printFigures(figures);
      printClaims(figures);
      all.push(...figures.map((row) => ({ network, ...row })));
    } finally {
      await rm(scratch, { recursive: true });
    }
  }
  const about = aboutRun('extract', args);
  console.log(`${about.machine.cpu}, ${threads} threads; load ${load.toFixed(1)} before`);
  if (values.out === undefined) return;
  const machine = {
    ...about.machine,
    exactByteProducts: multipliesBytesExactly() ?? null,
    threads,
    loadBefore: load,
    loadAfter: loadavg()[0],
  };
  writeDocument(values.out, { ...about, machine, images, endToEnd, figures: all });
}

function network(name: string): NetworkName {
  const known = networkNames.find((candidate) => candidate === name);
  if (known !== undefined) return known;
  throw new UserError({ what: 'no such network', found: name, expected: networkNames.join(' | '), exitCode: 2 });
}

function count(text: string | undefined): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new UserError({ what: `${text} is no count`, exitCode: 2, fix: usage });
}

/** The contestants: this project and each available Python, as selected by --only. */
function entries(only: string | undefined, network: NetworkName): readonly Entry[] {
  const words = only?.split(',') ?? [''];
  const found = findPeer('torch', 'openvino');
  const newest = found?.newest === true ? found.python : undefined;
  const all: Entry[] = [
    { engine: 'featuretap float32' },
    { engine: 'featuretap int8' },
    // Debian's own python3 has the packages even where another one is first on the path.
    ...debianEngines.map((engine) => ({
      engine,
      python: existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3',
    })),
    ...(newest === undefined ? [] : newestEngines.map((engine) => ({ engine, python: newest }))),
  ];
  // A child module that tells PyTorch's quantizers how to split a ResNet.
  const taking = network === 'vit-s14' ? all.filter(({ engine }) => !engine.startsWith('torch int8')) : all;
  const names = new Set(taking.map(({ engine }) => engine));
  return taking.filter(({ engine }) =>
    words.some((word) => engine === word || (!names.has(word) && engine.includes(word))),
  );
}

/** Every contestant once, then every contestant again, so that other load affects all alike. */
async function contest(
  contestants: readonly Entry[],
  turn: Omit<Task, 'engine' | 'features'>,
  modes: readonly Mode[],
  rounds: number,
): Promise<readonly Figures[]> {
  const runners: Contestant[] = [];
  for (const [index, { engine, python }] of contestants.entries()) {
    const features = `${turn.pixels}-${turn.batch}-${index}`;
    const contestant = await Contestant.start({ ...turn, engine, features }, python);
    if (typeof contestant === 'string') console.error(`${engine} (${python ?? 'ours'}) left out: ${contestant}`);
    else runners.push(contestant);
  }
  const exact = runners.find(({ task }) => task.engine === 'featuretap float32')?.task.features;
  const figures: Figures[] = [];
  for (const mode of modes) {
    const taken = new Map<Contestant, Round[]>(runners.map((runner) => [runner, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [runner, results] of taken) results.push(await runner.round(mode));
    }
    for (const [{ task, version, batch, startSeconds }, results] of taken) {
      const each = results.map(({ images, seconds }) => images / seconds);
      const compared = mode === 'backbone' && exact !== undefined;
      figures.push({
        mode,
        batch,
        engine: task.engine,
        version,
        imagesPerSecond: median(each),
        each,
        processorMilliseconds: median(results.map((result) => (result.processorSeconds / result.images) * 1000)),
        startSeconds,
        peakMegabytes: Math.round(Math.max(...results.map(({ peakBytes }) => peakBytes)) / 1e6),
        ...(compared
          ? { cosine: meanCosine(readFeatures(task.features), readFeatures(exact), dims[task.network]) }
          : {}),
      });
    }
  }
  for (const runner of runners) runner.close();
  return figures;
}

function readFeatures(path: string): Float32Array {
  return new Float32Array(new Uint8Array(readFileSync(path)).buffer);
}

function meanCosine(features: Float32Array, exact: Float32Array, dims: number): number {
  const length = Math.min(features.length, exact.length);
  const rows = length / dims;
  return (
    cosines(features.subarray(0, length), exact.subarray(0, length), rows).reduce((sum, value) => sum + value, 0) / rows
  );
}

/** Of an even number of values, the mean of the middle two. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] as number)) / 2;
}

import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { multipliesBytesExactly } from '../../src/extract/backbone/processor.ts';
import { cosines } from '../../src/extract/backbone/quantize/cosine.kernel.ts';
import { UserError } from '../../src/system/errors.ts';
import { Contestant, type Mode, type NetworkName, networkNames, type Round, type Task } from './extract/contestant.ts';
import { prepare } from './extract/prepare.ts';
import { type Figures, printClaims, printFigures } from './extract/print.ts';
import { findPeer } from './peers/python.ts';
import { aboutRun, writeDocument } from './shared/document.ts';
import { median } from './shared/numbers.ts';
import { benchOptions, wholeNumber } from './shared/options.ts';

const purpose = `Measures ResNet50 features on this machine, contestants in turn: the backbone alone, and from files.
Python: the one of npm run bench -- setup, or $FEATURETAP_BENCH_PYTHON, for the newest torch and OpenVINO; and
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

export async function run(args: readonly string[]): Promise<void> {
  const values = benchOptions(args, 'extract', purpose, {
    backbone: ["networks: resnet18, resnet50, vit-s14 (DINOv2's small one)", 'A,B', 'resnet50'],
    data: ['photos (default: ../shared/dogs where it exists, else generated ones)', 'FOLDER'],
    weights: [
      'of the ResNet (default: ../shared/weights/resnet50-pqf.safetensors where it exists, else random)',
      'NAME',
    ],
    images: ['images of a round of the backbone alone', 'N', '64'],
    'end-to-end': ['images of a round from files, repeated if there are fewer; 0: none', 'N', '200'],
    batches: ['images per run', 'A,B', '8'],
    threads: ['of every contestant', 'T', String(availableParallelism())],
    rounds: ['rounds: every contestant once, then again', 'R', '3'],
    'round-seconds': ['the others run fewer images if a round would take much longer', 'S', '20'],
    only: ['contestants with these names, or whose names contain the word where none has it', 'WORD,WORD'],
    out: ['write the results as JSON', 'FILE'],
  });
  if (values === undefined) return;
  const images = wholeNumber('--images', values.images);
  const endToEnd = wholeNumber('--end-to-end', values['end-to-end'], 0);
  const threads = wholeNumber('--threads', values.threads);
  const rounds = wholeNumber('--rounds', values.rounds);
  const roundSeconds = wholeNumber('--round-seconds', values['round-seconds'], 0);
  const batches = values.batches.split(',').map((text) => wholeNumber('--batches', text));
  const least = Math.max(16, ...batches.map((batch) => 2 * batch));
  if (images < least) throw new UserError({ what: `--images ${images} is too few`, expected: `${least}`, exitCode: 2 });
  const networks = values.backbone.split(',').map(network);
  const load = loadavg()[0] as number;
  const all: (Figures & { readonly network: NetworkName })[] = [];
  for (const network of networks) {
    const scratch = await mkdtemp(join(tmpdir(), 'featuretap-bench-'));
    try {
      const python = network === 'vit-s14' ? findPeer('torch', 'transformers', 'onnx')?.python : undefined;
      const input = { ...values, network, python };
      const common = await prepare(scratch, input, images, endToEnd);
      const figures: Figures[] = [];
      const modes: readonly Mode[] = endToEnd === 0 ? ['backbone'] : ['backbone', 'end-to-end'];
      for (const batch of batches) {
        const turn = { ...common, batch, threads, roundSeconds };
        figures.push(...(await contest(entries(values.only, network), turn, modes, rounds)));
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
  throw new UserError({ what: 'unknown network', found: name, expected: networkNames.join(' | '), exitCode: 2 });
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
    if (typeof contestant === 'string') console.error(`${engine} (${python ?? 'featuretap'}) skipped: ${contestant}`);
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

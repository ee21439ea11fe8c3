import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { memoryFolder } from '../../scripts/memory-folder.ts';
import { knownFailure } from '../../src/cli/known-failure.ts';
import { verbs } from '../../src/cli/verbs.ts';
import { InterruptedError, UserError } from '../../src/system/errors.ts';
import type { RawOptions } from '../../src/system/options.ts';
import type { VerbName } from '../../src/system/own-command.ts';
import { type TrainedHeads, trainHeads } from '../predict/trained.ts';
import { quietSession } from './command.ts';
import { FaultyFs, faults } from './faulty-fs.ts';

/**
 * With FEATURETAP_FAULTS=all every fault at every call; else one fault per call in turn, and fewer calls of long verbs.
 */
const everything = process.env['FEATURETAP_FAULTS'] === 'all';
const mostRuns = faults.length;

/** A verb with options that write into `out`. */
interface Case {
  readonly verb: VerbName;
  readonly options: (trained: TrainedHeads, out: string) => RawOptions;
  /** Writes the contents of `out` before each run. */
  readonly prepare?: (trained: TrainedHeads, out: string) => Promise<void>;
  /** Files that must be complete, unchanged or missing after a fault; complete ones are the same in every run. */
  readonly whole?: RegExp;
}

const extractOptions = ({ data, weights }: TrainedHeads, out: string): RawOptions => ({
  ...{ data, weights, cache: join(out, 'cache'), name: 'set', resize: '40', crop: '32' },
  ...{ device: 'cpu', threads: '1', batch: '8' },
});

/** Every verb that reads or writes files has an entry here. */
const cases: readonly Case[] = [
  { verb: 'extract', options: extractOptions, whole: /features-\d+\.npy$|(?:index|labels|outcomes)\.csv$/ },
  {
    verb: 'classify',
    options: ({ features }, out) => ({ features, model: ['ridge'], out: join(out, 'reports'), 'test-size': '0.3' }),
    whole: /head\.safetensors$|predictions\.csv$/,
  },
  {
    verb: 'compare',
    options: (_trained, out) => ({ reports: [join(out, 'reports')], html: join(out, 'page', 'index.html') }),
    prepare: ({ reports }, out) => cp(reports[0]?.report as string, join(out, 'reports'), { recursive: true }),
    whole: /model-card\.md$|labels-to-check\.csv$/,
  },
  {
    verb: 'predict',
    options: ({ data, reports }, out) => ({
      ...{ head: reports[0]?.report, images: [join(data, 'red'), join(data, 'green')] },
      ...{ submission: join(out, 'folder', 'submission.csv'), threads: '1' },
    }),
    whole: /submission\.csv$/,
  },
  {
    verb: 'export',
    options: ({ reports }, out) => ({ head: reports[0]?.report, to: join(out, 'folder', 'head.onnx') }),
    whole: /head\.onnx$/,
  },
  {
    verb: 'convert',
    options: ({ features }, out) => ({ features: [features], to: 'npz', out: join(out, 'folder', 'set.npz') }),
    whole: /set\.npz$/,
  },
  {
    verb: 'suggest',
    options: ({ reports }, out) => ({
      ...{ head: reports[0]?.report, from: join(out, 'new'), count: '2', out: join(out, 'suggestions') },
      ...{ cache: join(out, 'cache'), threads: '1' },
    }),
    prepare: async ({ data }, out) => {
      await mkdir(join(out, 'new'));
      for (const name of readdirSync(join(data, 'red')).slice(0, 3)) {
        // An extra byte at the end makes it a different, unlabelled file.
        const bytes = Buffer.concat([readFileSync(join(data, 'red', name)), Buffer.from([0])]);
        await writeFile(join(out, 'new', name), bytes);
      }
    },
    whole: /suggestions\.csv$|features-\d+\.npy$/,
  },
  {
    verb: 'relabel',
    options: (_trained, out) => ({ corrections: join(out, 'list.csv'), labels: join(out, 'labels.csv'), write: true }),
    prepare: async (_trained, out) => {
      await writeFile(join(out, 'labels.csv'), 'id,label,"note"\na,cat,1\nb,dog,2\n');
      await writeFile(join(out, 'list.csv'), 'id,label,suggestion\na,cat,dog\n');
    },
    whole: /labels\.csv$/,
  },
  { verb: 'verify', options: ({ features }) => ({ features }) },
  {
    verb: 'merge',
    options: (trained, out) => ({ ...extractOptions(trained, out), parts: '2' }),
    prepare: async (trained, out) => {
      const run = (await verbs.extract.load()).run;
      for (const part of ['0/2', '1/2']) await run({ ...extractOptions(trained, out), part }, quietSession);
    },
    whole: /set\/(?:features-\d+\.npy|(?:index|labels|outcomes)\.csv)$/,
  },
  {
    verb: 'status',
    options: (trained, out) => ({ data: trained.data, cache: join(out, 'cache'), name: 'set', parts: '2' }),
    prepare: async (trained, out) => {
      await (await verbs.extract.load()).run({ ...extractOptions(trained, out), part: '0/2' }, quietSession);
    },
  },
  {
    verb: 'plan',
    options: (trained, out) => ({
      ...{ ...extractOptions(trained, out), threads: undefined, batch: undefined },
      ...{ on: 'slurm', tasks: '2', rate: '5', out: join(out, 'slurm') },
    }),
    whole: /slurm\/.*/,
  },
  { verb: 'taps', options: ({ weights }) => ({ weights }) },
  { verb: 'backbones', options: (_trained, out) => ({ cache: join(out, 'cache') }) },
];

describe('when any system call on a file fails', () => {
  let root = '';
  let trained: TrainedHeads;
  let disk: FaultyFs;
  before(async () => {
    root = await mkdtemp(join(memoryFolder(), 'featuretap-cli-faults-'));
    trained = await trainHeads(root, { models: [['ridge', {}]], perClass: 3 });
    disk = new FaultyFs(root);
    await disk.install();
  });
  after(async () => {
    disk.uninstall();
    await rm(root, { recursive: true });
  });

  for (const { verb, options, prepare, whole } of cases) {
    it(`${verb} reports what failed, and leaves no partial file`, async () => {
      let runs = 0;
      const prepared = join(root, `prepared-${verb}`);
      await mkdir(prepared);
      await prepare?.(trained, prepared);
      const before = contentsOf(prepared);
      const start = async (): Promise<string> => {
        const out = join(root, `out-${verb}`);
        await rm(out, { recursive: true, force: true });
        await cp(prepared, out, { recursive: true });
        return out;
      };
      /** Resolves to the exit code, or to the error. */
      const run = async (out: string): Promise<number | UserError> => {
        const { run, writes } = await verbs[verb].load();
        const said = stillness();
        return run(options(trained, out), quietSession)
          .catch((error: unknown) => {
            const known = knownFailure(error, writes, []);
            assert.ok(
              known instanceof UserError && !(known instanceof InterruptedError),
              `${disk.failed}: ${String((error as Error).stack)}`,
            );
            return known;
          })
          .finally(() => said.end());
      };

      const clean = await start();
      disk.arm(Number.POSITIVE_INFINITY, '');
      assert.equal(await run(clean), 0);
      const calls = disk.calls;
      const expected = contentsOf(clean);
      assert.ok(calls > 0, 'the verb touches files');

      const step = everything ? 1 : Math.max(1, Math.ceil(calls / mostRuns));
      for (let at = 0; at < calls; at += step) {
        for (const fault of everything ? faults : [faults[runs % faults.length] as string]) {
          runs++;
          const out = await start();
          disk.arm(at, fault);
          const result = await run(out);
          // A file whose removal failed stays until the next writer of that file removes it.
          const isRemoval = disk.failed.startsWith('rm ');
          const place = `${fault} at call ${at}, ${disk.failed}`;
          disk.arm(Number.POSITIVE_INFINITY, '');
          if (typeof result !== 'number') {
            assert.doesNotMatch(result.message, /unexpected|drawn fault/, place);
            assert.ok(
              !result.message.includes('--cache') || ['extract', 'plan', 'merge', 'status', 'suggest'].includes(verb),
              place,
            );
          }
          for (const [file, bytes] of Object.entries(contentsOf(out))) {
            // After exit code 1 (images without a prediction) the submission has fewer rows.
            if (result !== 1 && whole?.test(file) && expected[file] !== undefined)
              assert.ok(bytes === expected[file] || bytes === before[file], `${place}: ${file} is half`);
            // Files under extract's own folders of runs are continued by the next run.
            if (!isRemoval && !/\.run\/|parts\//.test(file))
              assert.doesNotMatch(file, /\.(?:unfinished|waiting)$/, place);
          }
        }
      }
      assert.ok(runs >= Math.min(calls, 10), `${runs} runs`);
    });
  }
});

/** Discards the results and progress that verbs print. */
function stillness(): { end(): void } {
  const [out, err] = [process.stdout.write, process.stderr.write];
  process.stderr.write = (() => true) as typeof process.stderr.write;
  return {
    end: () => {
      process.stdout.write = out;
      process.stderr.write = err;
    },
  };
}

function contentsOf(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    if (statSync(path).isFile()) found[relative(folder, path)] = readFileSync(path).toString('base64');
  }
  return found;
}

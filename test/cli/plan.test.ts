import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterEach, before, describe, it } from 'node:test';
import { planVerb } from '../../src/cli/cluster/plan.ts';
import type { Session } from '../../src/cli/verb.ts';
import { knownWeightsFile } from '../../src/extract/weights/load-weights.ts';
import { UserError } from '../../src/system/errors.ts';
import type { RawOptions } from '../../src/system/options.ts';
import { awkward } from '../cluster/plan/example-plan.ts';
import { drawFolder } from '../extract/drawn-data.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { quietSession } from './command.ts';

describe('featuretap plan', () => {
  const root = temporaryFolder();
  let data = '';
  const home = process.env['FEATURETAP_CACHE_HOME'];
  before(async () => {
    data = join(root, awkward);
    await drawFolder(data, 12);
  });
  afterEach(() => {
    delete process.env['FEATURETAP_WEIGHTS_URL'];
    if (home === undefined) delete process.env['FEATURETAP_CACHE_HOME'];
    else process.env['FEATURETAP_CACHE_HOME'] = home;
  });

  interface Said {
    readonly printed: string;
    readonly written: string;
    readonly noted: string;
    readonly document: Document;
  }
  interface Document {
    readonly images: number;
    readonly imagesPerSecond: number;
    readonly rateSource: string;
    readonly timeLimitMinutes: number;
    readonly memoryGB: number;
    readonly files: readonly string[];
    readonly kept: readonly string[];
    readonly yaml?: string;
    readonly next: readonly string[];
  }

  async function plan(options: RawOptions): Promise<Said> {
    const said = { printed: '', written: '', noted: '', document: {} as Document };
    const session: Session = {
      ...quietSession,
      quiet: true,
      print: (text) => {
        said.printed += `${text}\n`;
      },
      write: async (text) => {
        said.written += text;
      },
      note: (text) => {
        said.noted += `${text}\n`;
      },
      printJson: (document) => {
        said.document = document as Document;
      },
    };
    assert.equal(await planVerb.run(options, session), 0);
    return said;
  }

  const onSlurm = (): RawOptions => ({
    on: 'slurm',
    tasks: '4',
    data,
    cache: join(root, 'cache'),
    name: 'set',
    weights: 'random:resnet-tiny',
    rate: '50',
    out: join(root, `plan of ${awkward}`),
  });
  const onKubernetes = (): RawOptions => {
    const { out: _, ...rest } = onSlurm();
    return { ...rest, on: 'kubernetes', image: 'me/featuretap', 'data-claim': 'images', 'cache-claim': 'sets:a/b' };
  };

  it('counts the images and writes both scripts, with a folder for their logs', async () => {
    const { document, printed } = await plan({ ...onSlurm(), dtype: 'float16', 'skip-unreadable': true });
    assert.equal(document.images, 12);
    assert.deepEqual([document.imagesPerSecond, document.rateSource], [50, 'as given by --rate']);
    const [extract = '', merge = ''] = document.files;
    const folder = join(root, `plan of ${awkward}`);
    assert.deepEqual(document.files, [join(folder, 'extract.sbatch'), join(folder, 'merge.sbatch')]);
    assert.ok(statSync(join(folder, 'logs')).isDirectory());
    const script = readFileSync(extract, 'utf8');
    assert.match(
      script,
      /# 12 images in 4 parts of about 3: under a minute each at 50 images\/s \(as given by --rate\)/,
    );
    assert.match(
      script,
      / --name set .* --weights random:resnet-tiny --dtype float16 --skip-unreadable --threads 4 --part /,
    );
    assert.doesNotMatch(script, /FEATURETAP_CACHE_HOME/);
    assert.match(readFileSync(merge, 'utf8'), / merge --data .* --threads 4 --parts 4\n/);
    assert.match(printed, /next: job=\$\(sbatch --parsable .*\) && sbatch --dependency=afterany:\$\{job%%;\*\} /);
  });

  it('passes the options of the data folder on to the tasks, with absolute paths', async () => {
    const table = join(root, 'mine.csv');
    const names = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.png'));
    writeFileSync(table, `file,kind,other\n${names.map((name, i) => `${name},${i % 2},x\n`).join('')}`);
    const asked = {
      labels: relative(process.cwd(), table),
      images: [data],
      'id-column': 'file',
      'label-column': 'kind',
    };
    const { document } = await plan({ ...onSlurm(), ...asked });
    assert.equal(document.images, 12);
    const script = readFileSync(document.files[0] as string, 'utf8');
    assert.ok(script.includes(` --labels ${table} `), script);
    assert.match(script, / --images .* --id-column file --label-column kind /);
  });

  it('measures the speed where none is known, and else uses that of the last run', async () => {
    const { rate: _, ...unrated } = onSlurm();
    const small = { ...unrated, resize: '40', crop: '32', device: 'cpu' };
    const measured = await plan(small);
    assert.match(measured.document.rateSource, /^measured on 12 of the images on \d+ cores/);
    const speed = { architecture: 'resnet-tiny', precision: 'float32', crop: 32, rowsPerImage: 1 };
    mkdirSync(join(root, 'cache/other/.run'), { recursive: true });
    const kept = { ...speed, device: 'cpu', cores: 4, images: 100, seconds: 8 };
    writeFileSync(join(root, 'cache/other/.run/speed.json'), JSON.stringify(kept));
    const { document } = await plan(small);
    assert.equal(document.imagesPerSecond, 12.5);
    assert.equal(document.rateSource, 'measured by the last run on 4 cores');
  });

  it('computes time and memory from the number of images, also for a folder on another machine', async () => {
    const { document, noted } = await plan({ ...onKubernetes(), data: '/elsewhere', images: '10000000', tasks: '100' });
    assert.equal(document.images, 10_000_000);
    // 100,000 images at 50/s, and the list of 10 million at 10,000/s, twice, and 5 minutes: 6300 s.
    assert.equal(document.timeLimitMinutes, 105);
    assert.equal(document.memoryGB, 10);
    assert.match(noted, /10000000 images in 100 parts/);
    await rejects(
      { ...onKubernetes(), images: '1000', rate: undefined, cache: join(root, 'empty') },
      /--rate IMAGES_PER_SECOND/,
    );
  });

  it('prints YAML alone on standard output, or writes it into a folder', async () => {
    const piped = await plan(onKubernetes());
    assert.match(piped.written, /^# 12 images[\s\S]*kind: Job[\s\S]*---\n[\s\S]*kind: Job/);
    assert.equal(piped.printed, '');
    assert.equal(piped.document.yaml, piped.written);
    const out = join(root, 'jobs');
    const filed = await plan({ ...onKubernetes(), out });
    assert.equal(filed.written, '');
    assert.equal(readFileSync(join(out, 'jobs.yaml'), 'utf8'), piped.written);
  });

  it('keeps a script that was edited by hand, and writes the new one beside it', async () => {
    const out = join(root, 'edited');
    await plan({ ...onSlurm(), out });
    const extract = join(out, 'extract.sbatch');
    writeFileSync(extract, 'edited');
    const { document } = await plan({ ...onSlurm(), out });
    assert.deepEqual(document.kept, [`${extract}.old`]);
    assert.equal(readFileSync(`${extract}.old`, 'utf8'), 'edited');
    assert.deepEqual((await plan({ ...onSlurm(), out })).document.kept, []);
    assert.deepEqual(readdirSync(out).sort(), ['extract.sbatch', 'extract.sbatch.old', 'logs', 'merge.sbatch']);
  });

  it('downloads known weights to a folder that all tasks see, and passes a file with its absolute path', async () => {
    process.env['FEATURETAP_CACHE_HOME'] = join(root, 'mine');
    process.env['FEATURETAP_WEIGHTS_URL'] = 'http://127.0.0.1:9/';
    const own = knownWeightsFile('resnet50', join(root, 'mine')) as string;
    mkdirSync(join(own, '..'), { recursive: true });
    writeFileSync(own, 'not the weights');
    // The file found beside the sets is rejected after its check, so that a download starts.
    await rejects({ ...onSlurm(), weights: 'resnet50' }, /download failed[\s\S]*127\.0\.0\.1/);
    assert.ok(existsSync(knownWeightsFile('resnet50', join(root, 'cache/.featuretap')) as string));
    const file = join(root, 'my weights.safetensors');
    await rejects({ ...onSlurm(), weights: file }, /no such weights file[\s\S]*my weights/);
    writeFileSync(file, '');
    const { document } = await plan({ ...onSlurm(), weights: relative('', file) });
    const script = readFileSync(document.files[0] as string, 'utf8');
    assert.ok(script.includes(`--weights '${file}'`), script);
    const { written, noted } = await plan({ ...onKubernetes(), cache: '/not/here', weights: 'resnet50' });
    assert.match(written, /FEATURETAP_CACHE_HOME\n *value: \/not\/here\/\.featuretap\n/);
    assert.match(noted, /each pod downloads resnet50 unless it lies in \/not\/here\/\.featuretap/);
  });

  it('requests the GPU that a task uses', async () => {
    const { document } = await plan({ ...onSlurm(), gpus: '1' });
    const script = readFileSync(document.files[0] as string, 'utf8');
    assert.match(script, /#SBATCH --gres=gpu:1 /);
    assert.match(script, /#SBATCH --cpus-per-task=8 /);
    assert.match(script, / --threads 8 --device cuda --part /);
  });

  it('rejects invalid options', async () => {
    const cases: readonly (readonly [RawOptions, RegExp])[] = [
      [{ on: undefined }, /--on is not usable[\s\S]*slurm \| kubernetes/],
      [{ on: 'pbs' }, /--on is not usable/],
      [{ tasks: undefined }, /--tasks is not usable[\s\S]*--tasks 8/],
      [{ tasks: '13' }, /--tasks is not usable[\s\S]*at most one for each of the 12 images/],
      [{ tasks: '0' }, /--tasks/],
      [{ threads: '4' }, /--threads is not usable[\s\S]*--cpus N/],
      [{ image: 'x' }, /--image is not usable[\s\S]*given with --on slurm/],
      [{ partition: 'a b' }, /--partition is not usable/],
      [{ account: 'x\n#SBATCH --uid=0' }, /--account is not usable/],
      [{ out: join(root, 'a\nb') }, /--out is not usable/],
      [{ gpus: '1', device: 'cpu' }, /--gpus is not usable/],
      [{ gpus: '2' }, /--gpus is not usable/],
      [{ rate: '0' }, /--rate is not usable/],
      [{ images: '20000000' }, /--images is not usable[\s\S]*up to 16000000/],
      [{ data: join(root, 'nowhere') }, /nowhere/],
    ];
    for (const [change, message] of cases) await rejects({ ...onSlurm(), ...change }, message);
    const onClaims: typeof cases = [
      [{ image: undefined }, /--image is not usable[\s\S]*docs\/cluster\.md/],
      [{ 'data-claim': undefined }, /--data-claim is not usable/],
      [{ 'cache-claim': 'Sets' }, /--cache-claim is not usable/],
      [{ 'cache-claim': 'sets:../x' }, /--cache-claim is not usable/],
      [{ setup: 'module load x' }, /--setup is not usable/],
      [{ weights: '/home/me/w.pth' }, /the pods would not see the weights[\s\S]*w\.pth/],
      [{ cache: '/a:b' }, /--cache is not usable[\s\S]*colon/],
    ];
    for (const [change, message] of onClaims) await rejects({ ...onKubernetes(), ...change }, message);
  });

  async function rejects(options: RawOptions, message: RegExp): Promise<void> {
    await assert.rejects(planVerb.run(options, quietSession), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { PixelReader } from '../../../src/extract/images/pipeline/pixel-reader.ts';
import { drawFolder } from '../../extract/drawn-data.ts';
import { type TrainedHeads, trainHeads } from '../../predict/trained.ts';
import { projectRoot } from '../../reference.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { featuretap, type Ran, spawnFeaturetap } from '../command.ts';

const windows = process.platform === 'win32' ? 'no pipes, devices or limits of this kind here' : false;

describe('the command line with unusual files and restricted systems', { skip: windows }, () => {
  const root = temporaryFolder();
  let trained: TrainedHeads;
  let head = '';
  let photo = '';
  before(async () => {
    trained = await trainHeads(root, { models: [['ridge', {}]], perClass: 4 });
    head = trained.reports[0]?.report as string;
    photo = join(trained.data, 'red', 'red-00.png');
    pipe('pipe.png');
    await symlink('/dev/zero', join(root, 'zero.png'));
  });

  function pipe(name: string): void {
    assert.equal(spawnSync('mkfifo', [join(root, name)]).status, 0);
  }

  it('a pipe or device as an image is skipped at once, and the others are predicted', async () => {
    const ran = await featuretap([
      'predict',
      '--threads',
      '1',
      '--head',
      head,
      join(root, 'pipe.png'),
      join(root, 'zero.png'),
      photo,
    ]);
    assert.equal(ran.status, 1, ran.stderr);
    assert.equal(ran.stdout.trim().split('\n').length, 1);
    assert.match(ran.stderr, /pipe\.png: not a regular file: a pipe/);
    assert.match(ran.stderr, /zero\.png: not a regular file: a device/);
  });

  it('a listed image that has become a pipe fails, and the run continues', async () => {
    const reader = new PixelReader({ resize: 10, crop: 8, autoOrient: false } as never, () => false);
    const read = await reader.read(join(root, 'pipe.png'));
    assert.deepEqual([read.outcome, read.reason], ['failed', 'not a regular file: a pipe']);
  });

  it('pipes and devices in a data folder are counted among the files that are not images', async () => {
    const data = join(root, 'with-pipe');
    await drawFolder(data, 6);
    assert.equal(spawnSync('mkfifo', [join(data, 'class-0', 'pipe.png')]).status, 0);
    await symlink('/dev/zero', join(data, 'class-1', 'zero.png'));
    const size = ['--resize', '72', '--crop', '64', '--device', 'cpu', '--threads', '1'];
    const args = ['--data', data, '--cache', join(root, 'cache'), '--weights', trained.weights, ...size];
    const ran = await featuretap(['extract', ...args, '--json']);
    assert.equal(ran.status, 0, ran.stderr);
    const outcomes = await readFile(join(root, 'cache', 'with-pipe', 'outcomes.csv'), 'utf8');
    assert.match(outcomes, /pipe\.png.*left-out/);
    assert.match(outcomes, /zero\.png.*left-out/);
  });

  it('a pipe as report, predictions or head is rejected at once', async () => {
    for (const file of ['report.json', 'predictions.csv', 'head.safetensors']) {
      const folder = join(root, `piped-${file}`);
      await cp(head, folder, { recursive: true });
      await rm(join(folder, file));
      pipe(join(`piped-${file}`, file));
      const verb = file === 'predictions.csv' ? ['compare', folder] : ['predict', '--head', folder, photo];
      const ran = await featuretap(verb);
      assert.equal(ran.status, 1, file);
      assert.match(ran.stderr, /not a regular file: a pipe/, file);
    }
  });

  it('of two runs that predict into one file one is rejected and names the other, whose file is complete', async () => {
    const file = join(root, 'two.csv');
    const args = ['predict', '--head', head, '--submission', file];
    const script = join(projectRoot, 'scripts/featuretap.cjs');
    const first = spawn(process.execPath, [script, ...args, '-'], { stdio: ['pipe', 'ignore', 'inherit'] });
    while (!(await readdir(root)).some((name) => name.startsWith('two.csv.') && name.endsWith('.unfinished'))) {
      assert.equal(first.exitCode, null);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const second = await featuretap([...args, photo]);
    assert.equal(second.status, 1);
    assert.match(second.stderr, new RegExp(`another process is writing this file[\\s\\S]*process ${first.pid} `));
    first.stdin.end(`${photo}\n`);
    assert.deepEqual(await once(first, 'exit'), [0, null]);
    assert.match(await readFile(file, 'utf8'), /^id,[^\n]*\nred-00,[^\n]*\n$/);
    assert.deepEqual(
      (await readdir(root)).filter((name) => name.startsWith('two.csv')),
      ['two.csv'],
    );
  });

  it('an empty list on standard input is wrong usage', () => {
    const ran = spawnFeaturetap(['predict', '--head', head, '--submission', join(root, 'empty.csv'), '-'], {
      input: '',
    });
    assert.equal(ran.status, 2, ran.stderr);
    assert.match(ran.stderr, /nothing on standard input/);
  });

  it('a folder in place of the output file is rejected with an example of a file in it', async () => {
    for (const name of ['a-folder', 'a-folder.onnx']) await mkdir(join(root, name), { recursive: true });
    for (const [args, option, file] of [
      [['predict', '--head', head, '--submission', join(root, 'a-folder'), photo], '--submission', 'submission.csv'],
      [['export', '--head', head, '--to', join(root, 'a-folder.onnx')], '--to', 'head.onnx'],
      [['compare', head, '--html', join(root, 'a-folder')], '--html', 'index.html'],
    ] as const) {
      const ran = await featuretap(args);
      assert.equal(ran.status, 1);
      assert.match(ran.stderr, new RegExp(`a folder, not a file\\n +fix: .* ${option} \\S*a-folder\\S*${file}`));
    }
  });

  it('a low limit of open files suffices, or the message tells how to raise it', async () => {
    const script = join(projectRoot, 'scripts/featuretap.cjs');
    for (const limit of [26, 30, 40]) {
      const command = `ulimit -n ${limit}; exec "$0" "$@"`;
      const args = ['predict', '--head', head, '--submission', join(root, `few-${limit}.csv`), trained.data];
      const { status, signal, stderr } = spawnSync('bash', ['-c', command, process.execPath, script, ...args], {
        encoding: 'utf8',
      });
      assert.ok(status === 0 || status === 1 || signal !== null, stderr);
      // Below some limit Node itself does not start and prints its own error.
      if (status === 1 && /featuretap|ulimit/.test(stderr)) assert.doesNotMatch(stderr, /unexpected error/);
    }
  });

  describe('on a full disk', { skip: noSmallDisk() }, () => {
    let disk = '';
    before(async () => {
      disk = join(root, 'disk');
      await mkdir(disk);
    });

    async function onDisk(kB: number, run: () => Ran | Promise<Ran>): Promise<Ran> {
      assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kB}k`, 'tmpfs', disk]).status, 0);
      try {
        return await run();
      } finally {
        spawnSync('umount', [disk]);
      }
    }

    it('the message says that standard input does not fit into the temporary folder', async () => {
      const input = await readFile(photo);
      const env = { ...process.env, TMPDIR: disk };
      const ran = await onDisk(4, () => {
        const script = join(projectRoot, 'scripts/featuretap.cjs');
        const options = { encoding: 'utf8', input, env } as const;
        const { status, stdout, stderr } = spawnSync(
          process.execPath,
          [script, 'predict', '--head', head, '-'],
          options,
        );
        return { status, stdout, stderr };
      });
      assert.equal(ran.status, 1);
      assert.match(ran.stderr, /the disk is full[\s\S]*stdin/);
    });

    it('compare leaves no partial page, card or list, and the message names its own option', async () => {
      const reports = join(root, 'reports-on-disk');
      await cp(head, reports, { recursive: true });
      let left: readonly string[] = [];
      const ran = await onDisk(8, async () => {
        const compared = await featuretap(['compare', reports, '--html', join(disk, 'page.html')]);
        left = spawnSync('ls', ['-A', disk], { encoding: 'utf8' })
          .stdout.split('\n')
          .filter((name) => name !== '');
        return compared;
      });
      assert.equal(ran.status, 1);
      assert.match(ran.stderr, /the disk is full[\s\S]*--html FILE/);
      assert.doesNotMatch(ran.stderr, /--cache/);
      // The folder of thumbnails may stay: it can be rebuilt at any time.
      assert.deepEqual(
        left.filter((name) => name !== '.featuretap-page'),
        [],
      );
    });
  });

  it('a failed write to standard output is reported, also by the exit code', () => {
    const script = join(projectRoot, 'scripts/featuretap.cjs');
    const command = `"$0" "$@" > /dev/full`;
    const { status, stderr } = spawnSync(
      'bash',
      ['-c', command, process.execPath, script, 'predict', '--head', head, photo],
      {
        encoding: 'utf8',
      },
    );
    assert.equal(status, 1);
    assert.match(stderr, /standard output cannot be written\n +found: +no space left on the disk/);
  });

  it('a data folder whose weights were removed is reported as such, not as a bug', async () => {
    await rename(trained.weights, `${trained.weights}.away`);
    try {
      await writeFile(join(root, 'list'), photo);
      const ran = await featuretap(['predict', '--head', head, photo]);
      assert.equal(ran.status, 1);
      assert.match(ran.stderr, /weights of the backbone that made the features are gone/);
    } finally {
      await rename(`${trained.weights}.away`, trained.weights);
    }
  });
});

function noSmallDisk(): string | false {
  if (windows !== false) return windows;
  const place = spawnSync('mktemp', ['-d'], { encoding: 'utf8' }).stdout.trim();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place]).status === 0;
  if (mounted) spawnSync('umount', [place]);
  spawnSync('rmdir', [place]);
  return mounted ? false : 'skipped: mounting a small disk needs root';
}

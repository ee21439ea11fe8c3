import assert from 'node:assert/strict';
import { copyFile, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { drawPhotos } from '../../../scripts/torture/draw-photos.ts';
import { thisProcess } from '../../../src/system/writers/process-identity.ts';
import { makeDrawnSet } from '../../classify/drawn-set.ts';
import { writeDrawnReport } from '../../report/drawn-report.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { featuretap } from '../command.ts';

const tiny = '--weights random:resnet-tiny --resize 36 --crop 32 --device cpu';

const root = temporaryFolder();
before(async () => {
  await drawPhotos(join(root, 'photos'), 12);
  const { status, stderr } = await typed(`extract --data photos ${tiny}`);
  assert.equal(status, 0, stderr);
});

const typed = (command: string, cwd = root) => featuretap(command.split(' '), { cwd });

/** Returns the command in the error message, as it can be typed. */
async function fixOf(mistake: string, cwd = root): Promise<string> {
  const { status, stderr } = await typed(mistake, cwd);
  assert.notEqual(status, 0, mistake);
  // Under npm, as in `npm test`, a message prints npm commands.
  const [, verb, rest = ''] = /^ {2}fix: .*?(?:npm run|featuretap) (\S+)(?: --(?= ))?(.*)$/m.exec(stderr) ?? [];
  assert.ok(verb, `no command in ${stderr}`);
  return `${verb}${rest}`;
}

/** Runs the command in the error message. @returns the command */
async function mended(mistake: string, cwd = root): Promise<string> {
  const command = await fixOf(mistake, cwd);
  const { status, stderr } = await typed(command, cwd);
  assert.equal(status, 0, `${mistake}\n${command}\n${stderr}`);
  return command;
}

async function aPhoto(): Promise<string> {
  const names = await readdir(join(root, 'photos'), { recursive: true });
  return join(root, 'photos', names.find((name) => name.endsWith('.jpg')) ?? '');
}

describe('the command that an error prints corrects it in one step:', () => {
  test('export without a head and without a file', async () => {
    const { status, stderr } = await typed('classify --model knn --calibrate none --test-size 6');
    assert.equal(status, 0, stderr);
    assert.match(await mended('export'), /^export --head reports\S+ --to head\.onnx$/);
    assert.match(await fixOf('export --head reports --replace'), /--to head\.onnx/);
  });

  test('find with a missing photo', async () => {
    const command = await mended('find nothing.jpg --features cache/photos');
    assert.match(command, /^find --features cache\/photos \S+\.(jpg|png)$/);
    const folder = dirname(await aPhoto());
    const first = await fixOf(`find ${folder} --features cache/photos`);
    assert.ok(first.startsWith(`find ${folder}/`) && first.endsWith(' --features cache/photos'), first);
    assert.match(await fixOf('find cache --features cache/photos'), /^find --features cache\/photos \S+\.(jpg|png)$/);
  });

  test('a misspelt tap', async () => {
    assert.match(await fixOf(`extract --data photos ${tiny} --tap avgpol`), /--tap avgpool$/);
    assert.match(await fixOf(`extract --data photos ${tiny} --tap layr1`), /--tap layer1$/);
    assert.match(await fixOf(`extract --data photos ${tiny} --tap nothing_like_it`), /^taps --weights/);
  });

  test('a folder in place of an output file', async () => {
    await writeDrawnReport(join(root, 'drawn'), 'svm', { model: 'svm' });
    await mkdir(join(root, 'pages'), { recursive: true });
    assert.equal(await mended('compare drawn --html pages'), `compare drawn --html ${join('pages', 'index.html')}`);
    assert.match(await fixOf('find photo.jpg --features cache/photos --page=pages'), /--page pages.found\.html/);
  });

  test('classes of one image and a test set that is too small for the others', async () => {
    const folder = join(root, 'small');
    await mkdir(join(folder, 'cache'), { recursive: true });
    await makeDrawnSet(join(folder, 'cache', 'drawn'), { rows: 60 });
    const table = join(folder, 'cache', 'drawn', 'labels.csv');
    const alone = (await readFile(table, 'utf8')).replace(/^([^,\n]+),(?!label).*$/m, '$1,alone');
    await writeFile(join(folder, 'labels.csv'), alone);
    const command = await fixOf('classify --model ridge --labels labels.csv --test-size 1', folder);
    assert.match(command, /--min-images 2/);
    assert.match(command, /--test-size 0\.2/);
    const few = 'classify --features cache/drawn --model ridge --test-size 12 --min-images 40';
    assert.match(await mended(few, folder), /--min-images 2/);
  });

  test('a file of another kind, and paths with spaces and no quotes', async () => {
    await mkdir(join(root, 'my photos', 'a'), { recursive: true });
    assert.match(await fixOf('verify --features my photos'), /^verify --features '?"?my photos'?"?$/);
    await mkdir(join(root, 'one', 'cat'), { recursive: true });
    await copyFile(await aPhoto(), join(root, 'one', 'cat', 'cat.jpg'));
    const command = await mended(`extract --data one ${tiny}`);
    assert.match(command, /--label-from none/);
    assert.equal(
      await fixOf('convert cache/photos --out rows.parquet'),
      'convert --to parquet cache/photos --out rows.parquet',
    );
    assert.equal(
      await fixOf('classify --features cache/photos --features cache/photos --model knn'),
      'classify --model knn --features cache/photos',
    );
    const known = 'cache/one';
    assert.match(await fixOf(`extract my photos ${tiny}`), /^extract --data '?"?my photos/);
    assert.match(await fixOf(`extract --data my photos ${tiny}`), /^extract --data '?"?my photos/);
    assert.equal(await fixOf('train --data photos'), 'extract --data photos');
    assert.equal(await fixOf('classify --model svm --kernel RBF'), 'classify --model svm --kernel rbf');
    assert.equal(await fixOf('classify --model knn --test-size 10 %'), 'classify --model knn --test-size 10%');
    const [knn] = (await readdir(join(root, 'reports', 'photos'))).filter((name) => name.startsWith('knn'));
    assert.equal(await fixOf(`predict reports/photos/${knn} photos`), `predict --head reports/photos/${knn} photos`);
    assert.equal(await fixOf('classify --features pages --model knn'), `classify --features ${known} --model knn`);
    assert.equal(await fixOf('verify pages'), `verify ${known}`);
    assert.match(await fixOf(`extract --data photos --weights photo.gif`), /--weights resnet50$/);
    assert.equal(await fixOf('compare pages'), 'compare reports');
    assert.equal(await fixOf('compare nothing'), 'compare reports');
    assert.match(
      await fixOf('relabel'),
      /^relabel reports\S+labels-to-check\.csv$|^classify --model all --check-labels$/,
    );
    assert.match(
      await fixOf('predict --head reports/photos/knm photoz'),
      /^predict --head reports\/photos\/knn\S+ photos$/,
    );
    assert.match(await fixOf(`predict --head ${await aPhoto()} photos`), /^predict --head reports\S+ photos$/);
  });

  test('features that the head cannot use, with the data, the network and the options in use', async () => {
    const { stderr } = await typed('classify --features cache/photos --model finetune --epochs 1 --test-size 6');
    const [, extract = '', classify = ''] =
      /fix: .*?(extract .*)\n +then: .*?(classify .*)$/.exec(stderr.replaceAll(' -- ', ' ').trim()) ?? [];
    assert.match(
      extract,
      /^extract --data photos --weights random:resnet-tiny .*--resize 36 --crop 32 .*--cache cache$/,
    );
    assert.equal(classify, 'classify --features cache/photos-layer3 --model finetune --epochs 1 --test-size 6');
    for (const command of [extract, classify]) {
      const { status, stderr: said } = await typed(command);
      assert.equal(status, 0, `${command}\n${said}`);
    }
    await rm(join(root, 'cache', 'photos-layer3'), { recursive: true });
    const parts = 'extract --part 0/8 --data photos --cache other';
    assert.equal(await fixOf('status --data photos --cache other'), parts);
    assert.equal(await fixOf('merge --data photos --cache other --wait'), parts);
  });

  test('a damaged shard', async () => {
    const broken = join(root, 'cache', 'broken');
    await cp(join(root, 'cache', 'photos'), broken, { recursive: true });
    const shard = join(broken, 'features-00000.npy');
    const bytes = await readFile(shard);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 7) ^ 1, bytes.length - 7);
    await writeFile(shard, bytes);
    const command = await mended('classify --features cache/broken --model knn --test-size 6');
    assert.equal(command, 'verify --features cache/broken --repair');
    await rm(broken, { recursive: true });
  });

  test('a name that is nearly one beside it, of the same kind', async () => {
    await cp(join(root, 'cache', 'photos'), join(root, 'sets', 'alpha'), { recursive: true });
    const nearly = await fixOf('classify --features sets/alpah --model knn');
    assert.equal(nearly, 'classify --features sets/alpha --model knn');
    assert.equal(await fixOf('verify sets/alpha-resnet101'), 'verify sets/alpha');
    assert.equal(await fixOf('extract --data phots'), 'extract --data photos');
    for (const name of ['cach', 'report', 'sts'])
      assert.doesNotMatch(await fixOf(`extract --data ${name}`), /cache|reports|sets/);
    assert.equal(await fixOf('extract --data sets/alpha'), 'classify --features sets/alpha --model all');
    assert.equal(await fixOf('compare report'), 'compare reports');
    assert.equal(await fixOf('compare photoz'), 'compare reports');
    await rm(join(root, 'sets'), { recursive: true });
  });

  test('a head and a photo that are not there', async () => {
    const { stderr } = await typed('predict --head reports/nope nophoto.jpg');
    assert.match(stderr, /reports\/nope, where there is no report; and no such image or folder: nophoto\.jpg/);
    assert.match(await mended('predict --head reports/nope nophoto.jpg'), /^predict --head reports\S+ \S+$/);
  });

  test('an invalid value', async () => {
    assert.equal(await fixOf('classify -C zero --model svm'), 'classify --C 1 --model svm');
    assert.equal(await fixOf('classify -C=0 --model svm'), 'classify --C 1 --model svm');
    assert.equal(await fixOf('classify --test-size 1.5'), 'classify --test-size 0.1');
    assert.equal(await fixOf('classify --subsample 1.5 --model knn'), 'classify --model knn');
    const { stderr } = await typed('classify --model linear --epochs 9');
    assert.match(
      stderr,
      /9, with the optimizer lbfgs, which does not read it\n.*optimizer adam, or another head: .*mlp/,
    );
    assert.equal(
      await fixOf('classify --model linear --epochs 9'),
      'classify --optimizer adam --model linear --epochs 9',
    );
    assert.equal(
      await fixOf('classify --model knn --temperature 2 --votes uniform'),
      'classify --model knn --temperature 2 --votes similarity',
    );
    assert.equal(await fixOf('classify --test-size 150%'), 'classify --test-size 0.1');
    assert.equal(await fixOf('predict photo.jpg --coverage 95'), 'predict photo.jpg --coverage 0.95');
    assert.equal(await fixOf('predict photo.jpg --coverage 99.9'), 'predict photo.jpg --coverage 0.999');
    assert.equal(await fixOf('predict photo.jpg --coverage 2'), 'predict photo.jpg --coverage 0.95');
    assert.equal(await fixOf('predict photo.jpg --coverage 950'), 'predict photo.jpg --coverage 0.95');
    assert.match(
      await fixOf('find brown --features cache/photos'),
      /^extract --data photos --weights hf:\S+ --name photos-clip --cache cache$/,
    );
    assert.equal(
      await fixOf('extract --data photos --weights demo-net --tap layer9'),
      'taps --weights demo-net lists all 41 tensors',
    );
  });

  test('a dangling link, a killed run, and a place without write permission', async () => {
    await symlink('nowhere', join(root, 'photo'));
    const { stderr } = await typed('extract --data photo --weights demo-net');
    assert.match(stderr, /is a link to nowhere, where nothing is\n[\s\S]*did you mean photos\?/);
    const command = 'featuretap extract --data photos --name killed';
    const lock = { host: 'elsewhere', pid: 1, started: '', command, state: 'held' };
    await mkdir(join(root, 'cache', 'killed', '.run'), { recursive: true });
    await writeFile(join(root, 'cache', 'killed', '.run', 'lock-elsewhere-1-0.json'), JSON.stringify(lock));
    assert.equal(await fixOf('classify --features cache/killed --model knn'), 'extract --data photos --name killed');
    const running = { ...thisProcess(), command, state: 'held' };
    await mkdir(join(root, 'cache', 'busy', '.run'), { recursive: true });
    await writeFile(join(root, 'cache', 'busy', '.run', 'lock-here-1-0.json'), JSON.stringify(running));
    const busy = await typed('verify cache/busy');
    assert.match(busy.stderr, new RegExp(`being written by process ${process.pid} on this machine[\\s\\S]*wait until`));
    assert.doesNotMatch(busy.stderr, /interrupted/);
    const photo = await aPhoto();
    const head = (await readdir(join(root, 'reports', 'photos'))).find((name) => name.startsWith('knn'));
    const written = await typed(`predict --head reports/photos/${head} ${photo} --csv ${join(photo, 'x.csv')}`);
    assert.match(written.stderr, /name another place with --csv FILE\.csv/);
  });

  test('an option that the verb does not have', async () => {
    assert.equal(await mended('backbones --weights resnet18'), 'backbones');
    assert.equal(await mended('backbones --weights'), 'backbones');
  });
});

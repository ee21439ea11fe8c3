import { existsSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import type { Argv } from 'yargs';
import { checkResNetTap } from '../../extract/backbone/resnet-taps.ts';
import type { LayoutOptions } from '../../extract/images/list/image-file.ts';
import { type ExtractPlan, type ExtractPolicy, extractDefaults } from '../../extract/plan.ts';
import { namedNetwork } from '../../extract/weights/named-network.ts';
import { engineNames, interpolations } from '../../features/manifest/manifest.ts';
import { usageError } from '../../system/errors.ts';
import { ownCommand, setupCommand } from '../../system/own-command.ts';
import { choice, flag, list, number, text } from '../options.ts';
import type { Options } from '../verb.ts';
import { readSets, type Sets } from './sets.ts';

/** Options that say which features to make of which images: those of `extract`, and of the verbs that make it in parts. */
export function withExtractOptions(yargs: Argv): Argv {
  return yargs
    .option('data', {
      type: 'string',
      describe:
        'folder, .zip or .tar: one folder per class, train/ val/ test/ of such folders, a table and its images, or images alone: docs/data.md [data]',
    })
    .option('labels', {
      type: 'string',
      describe: 'table of ids and labels: CSV, TSV, JSON Lines or Parquet [one in the data folder that fits]',
    })
    .option('images', { type: 'string', array: true, describe: 'folders of the images that it names, commas between' })
    .option('id-column', { type: 'string', describe: 'its column of ids [by its name, and by what it holds]' })
    .option('label-column', { type: 'string', describe: 'its column of labels; one-hot: the columns, commas between' })
    .option('conflicts', { type: 'string', describe: 'drop: leave images out that it gives different labels' })
    .option('depth', { type: 'string', describe: 'the folder that is the class, counted from the top: 1, 2 …' })
    .option('label-from', {
      type: 'string',
      describe:
        'the class: parent, top or path (of folders), a REGEX over names whose first group it is, or none [parent]',
    })
    .option('name', { type: 'string', describe: "name of the feature set [the data folder's]" })
    .option('cache', { type: 'string', describe: 'where feature sets live [cache]' })
    .option('weights', {
      type: 'string',
      describe:
        'known name, hf:OWNER/NAME[@REVISION], .safetensors, .pth or .onnx file, FOLDER of a published network, or random [resnet50]',
    })
    .option('weights-key', {
      type: 'string',
      describe: 'which state dict of a checkpoint that holds several: state_dict, state_dict_ema … [the usual one]',
    })
    .option('variant', {
      type: 'string',
      describe: 'of a published network, which graph: fp16 is onnx/model_fp16.onnx [the plain one]',
    })
    .option('seed', {
      type: 'string',
      describe: 'of random weights, of views, and of the draw of images that int8 is calibrated on [0]',
    })
    .option('tap', {
      type: 'string',
      describe:
        'tensor to keep: stem, layer1 … layer4, avgpool, fc, or its name; several: a set for each [avgpool; what is usual for a published network]',
    })
    .option('pool', {
      type: 'string',
      describe:
        'mean | max | none | cls | cls+mean (of tokens); several: a set for each [mean; what is usual for a published network]',
    })
    .option('resize', {
      type: 'string',
      describe:
        'shorter side in pixels before the crop, or HEIGHTxWIDTH, whatever the ratio [as the network was trained; 256]',
    })
    .option('crop', {
      type: 'string',
      describe: 'side of the square crop in pixels [224; the shorter of HEIGHTxWIDTH]',
    })
    .option('interpolation', { type: 'string', describe: `${interpolations.join(' | ')}, each as Pillow's [bilinear]` })
    .option('mean', {
      type: 'string',
      describe: 'taken off each channel: numbers on [0, 1] [0.485,0.456,0.406; of other than 3 channels there is none]',
    })
    .option('std', { type: 'string', describe: 'what each channel is then divided by [0.229,0.224,0.225]' })
    .option('auto-orient', { type: 'boolean', describe: 'turn images as their EXIF tag says' })
    .option('sixteen-bit', {
      type: 'string',
      describe: 'grey images of 16 bits: clip (at 255, as Pillow does) | scale (to 8 bits) [clip]',
    })
    .option('views', { type: 'string', describe: 'augmented views to keep beside each plain image [0]' })
    .option('dtype', { type: 'string', describe: 'float32 | float16 [float32]' })
    .option('precision', {
      type: 'string',
      describe: 'float32, which equals PyTorch, or int8: faster, calibrated on your images [float32]',
    })
    .option('batch', { type: 'string', describe: `images per run of the network [${extractDefaults.batch}]` })
    .option('engine', {
      type: 'string',
      describe: `auto | onnx | tensorflow, which ${setupCommand('tensorflow')} sets up [auto]`,
    })
    .option('device', {
      type: 'string',
      describe: `auto | cpu | cuda | webgpu: ${ownCommand('devices')} tries them [auto]`,
    })
    .option('threads', { type: 'string', describe: 'threads of the network and of decoding [all cores]' })
    .option('skip-unreadable', { type: 'boolean', describe: 'record images that cannot be read instead of stopping' })
    .option('allow-missing', {
      type: 'boolean',
      describe: 'record ids of labels.csv without a file instead of stopping',
    })
    .option('replace', { type: 'boolean', describe: 'compute a feature set again although its fingerprint differs' })
    .option('shard-mb', { type: 'string', describe: 'size of a shard in MB [64]' })
    .option('checkpoint', { type: 'string', describe: 'seconds of work that a kill may cost [10]' });
}

/** Largest side that is asked for, in pixels. */
const mostPixels = 10_000;

/** `--resize 256`, or `--resize 384x512`. */
function sides(options: Options): number | readonly [height: number, width: number] | undefined {
  const given = text(options, 'resize');
  const pair = /^(\d+)x(\d+)$/i.exec(given ?? '');
  if (pair === null) return number(options, 'resize', { whole: true, min: 1, max: mostPixels });
  const [height, width] = [Number(pair[1]), Number(pair[2])];
  if (Math.min(height, width) >= 1 && Math.max(height, width) <= mostPixels) return [height, width];
  throw usageError('--resize', given as string, `two whole numbers from 1 up to ${mostPixels}, HEIGHTxWIDTH`);
}

/** As many numbers as the network's images have channels, which are counted when it is known. */
function perChannel(
  options: Options,
  name: 'mean' | 'std',
  expected: string,
  fits: (value: number) => boolean,
): readonly number[] | undefined {
  const given = list(options, name);
  if (given.length === 0) return undefined;
  const values = given.map(Number);
  if (values.every(fits)) return values;
  throw usageError(`--${name}`, given.join(), expected);
}

/** What those options ask for. */
export interface AskedExtract {
  /** Of the first set. */
  readonly plan: ExtractPlan;
  /** Where each set lies, and what it keeps of the network; mostly there is but one. */
  readonly sets: Sets;
  readonly policy: ExtractPolicy;
}

/**
 * @param mayBeSeveral whether `--tap` and `--pool` may name several
 * @throws UserError where one is not usable
 */
export function readExtractOptions(options: Options, mayBeSeveral = false): AskedExtract {
  const data = text(options, 'data') ?? dataBeside(options);
  const seed = number(options, 'seed', { whole: true, min: 0 }, extractDefaults.seed);
  const viewCount = number(options, 'views', { whole: true, min: 0, max: 1000 }, 0);
  const shardMB = number(options, 'shard-mb', { above: 0, max: 4000 });
  const weights = text(options, 'weights', extractDefaults.weights);
  const precision = choice(options, 'precision', ['float32', 'int8'], extractDefaults.precision);
  const sets = readSets(options, data, precision, mayBeSeveral);
  const named = namedNetwork(weights);
  if (named !== undefined)
    for (const { tap } of sets) checkResNetTap(named.architecture, named.classCount, tap ?? 'avgpool');
  return {
    sets,
    plan: {
      ...sets[0],
      data,
      layout: layoutGiven(options, data),
      weights,
      weightsKey: text(options, 'weights-key'),
      variant: text(options, 'variant'),
      engine: choice(options, 'engine', ['auto', ...engineNames], extractDefaults.engine),
      device: choice(options, 'device', ['auto', 'cpu', 'cuda', 'webgpu'], extractDefaults.device),
      preprocessing: {
        resize: sides(options),
        crop: number(options, 'crop', { whole: true, min: 1, max: mostPixels, usual: 224 }),
        interpolation: choice(options, 'interpolation', interpolations),
        mean: perChannel(
          options,
          'mean',
          'three numbers from 0 to 1: 0.5,0.5,0.5',
          (value) => value >= 0 && value <= 1,
        ),
        std: perChannel(options, 'std', 'three numbers above 0: 0.5,0.5,0.5', (value) => value > 0),
        autoOrient: flag(options, 'auto-orient'),
        sixteenBit: choice<'clip' | 'scale'>(options, 'sixteen-bit', ['clip', 'scale'], 'clip'),
      },
      dtype: choice(options, 'dtype', ['float32', 'float16'], extractDefaults.dtype),
      precision,
      seed,
      views: viewCount === 0 ? undefined : { count: viewCount, seed },
    },
    policy: {
      batch: number(options, 'batch', { whole: true, min: 1, max: 4096 }, extractDefaults.batch),
      threads: number(options, 'threads', { whole: true, min: 1, max: 1024 }),
      skipUnreadable: flag(options, 'skip-unreadable'),
      allowMissing: flag(options, 'allow-missing'),
      replace: flag(options, 'replace'),
      prune: flag(options, 'prune'),
      rehash: flag(options, 'rehash'),
      shardBytes: shardMB && shardMB * 1e6,
      checkpointSeconds: number(options, 'checkpoint', { min: 0 }),
    },
  };
}

function isBelow(path: string, folder: string): boolean {
  const inner = relative(folder, path);
  return inner === '' || !(inner.startsWith('..') || isAbsolute(inner));
}

/** The data folder where none is named: the one that holds the table and the images that are. */
function dataBeside(options: Options): string {
  const labels = text(options, 'labels');
  const images = imageFolders(options);
  const folders = [
    ...(labels === undefined || images.length > 0 ? [] : [dirname(resolve(labels))]),
    ...images.map((path) => resolve(path)),
  ];
  const [first, ...others] = folders;
  if (first === undefined) return 'data';
  const shared = others.reduce((folder, other) => {
    let common = folder;
    while (common !== dirname(common) && !isBelow(other, common)) common = dirname(common);
    return common;
  }, first);
  // A table right above its folder of images: the set is called after the folder of both.
  return labels !== undefined && isBelow(shared, dirname(resolve(labels))) ? dirname(resolve(labels)) : shared;
}

/** `plan` takes the number of images by the same name. */
function imageFolders(options: Options): readonly string[] {
  const images = list(options, 'images');
  return options['tasks'] !== undefined && images.length === 1 && /^\d+$/.test(images[0] as string) ? [] : images;
}

/** How the data folder is to be read, where that is said. */
function layoutGiven(options: Options, data: string): LayoutOptions | undefined {
  const depth = number(options, 'depth', { whole: true, min: 1, max: 100 });
  const labelFrom = text(options, 'label-from');
  const labels = text(options, 'labels');
  const images = imageFolders(options);
  const [idColumn, labelColumn] = [text(options, 'id-column'), text(options, 'label-column')];
  const conflicts = choice(options, 'conflicts', ['drop'] as const);
  const found = (path: string): string => (existsSync(resolve(path)) ? resolve(path) : resolve(data, path));
  const layout = {
    labels: labels && found(labels),
    images: images.length === 0 ? undefined : images.map(found),
    idColumn,
    labelColumn,
    conflicts,
    depth,
    labelFrom,
  };
  return Object.values(layout).some((value) => value !== undefined) ? layout : undefined;
}

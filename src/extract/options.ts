import { interpolations, pools } from '../features/manifest/manifest.ts';
import { usageError } from '../system/errors.ts';
import type { GivenOptions, OptionSpecs, OptionValues } from '../system/options.ts';
import { setupCommand } from '../system/own-command.ts';

const engineDescribed: string = `what runs the network; ${setupCommand('tensorflow')} sets tensorflow up`;

const mostPixels = 10_000;

/** Options of `extract` that determine the features, shared with the commands that extract in parts. */
export const extractOptions = {
  data: {
    describe:
      'folder, .zip or .tar: one folder per class, train/ val/ test/ of such folders, a table and its images, or images alone: docs/data.md',
    text: true,
    unset: 'data',
  },
  labels: {
    describe: 'table of ids and labels: CSV, TSV, JSON Lines or Parquet',
    text: true,
    unset: 'one in the data folder that fits',
  },
  images: {
    describe: "folders of the table's images, comma-separated",
    text: true,
    list: true,
    greedy: true,
  },
  idColumn: { describe: "the table's column of ids", text: true, unset: 'by its name, and by what it holds' },
  labelColumn: { describe: "the table's column of labels; one-hot: the columns, commas between", text: true },
  conflicts: { describe: 'leave out images with different labels in the table', words: ['drop'] },
  depth: {
    describe: 'depth of the class folder, counted from the top',
    numbers: { whole: true, min: 1, max: 100 },
  },
  labelFrom: {
    describe: 'source of the class: parent, top or path (folders), a REGEX whose first group is the class, or none',
    text: true,
    unset: 'parent',
  },
  name: { describe: 'name of the feature set', text: true, unset: "the data folder's" },
  cache: { describe: 'folder of the feature sets', text: true, default: 'cache' },
  weights: {
    describe:
      'known name, hf:OWNER/NAME[@REVISION], .safetensors, .pth or .onnx file, FOLDER of a published network, or random',
    text: true,
    default: 'resnet50',
  },
  weightsKey: {
    describe: 'which state dict of a checkpoint that holds several: state_dict, state_dict_ema …',
    text: true,
    unset: 'the usual one',
  },
  variant: {
    describe: 'which graph of a published network: fp16 is onnx/model_fp16.onnx',
    text: true,
    unset: 'the plain one',
  },
  seed: {
    describe: 'of random weights, of views, and of the images that int8 is calibrated on',
    numbers: { whole: true, min: 0 },
    default: 0,
  },
  tap: {
    describe: 'tensor to keep: stem, layer1 … layer4, avgpool, fc, or its name; several: a set for each',
    text: true,
    list: true,
    unset: "avgpool; a published network's own",
  },
  pool: {
    describe: 'how a feature map or tokens are pooled; several: a set for each',
    words: pools as typeof pools,
    list: true,
    unset: "mean; a published network's own",
  },
  resize: {
    describe: 'shorter side in pixels before the crop, or HEIGHTxWIDTH, ignoring the aspect ratio',
    parse: parseSides as typeof parseSides,
    unset: 'as the network was trained; 256',
  },
  crop: {
    describe: 'side of the square crop in pixels',
    numbers: { whole: true, min: 1, max: 10_000, usual: 224 },
    unset: '224; the shorter of HEIGHTxWIDTH',
  },
  interpolation: {
    describe: "how images are resized, as Pillow's",
    words: interpolations as typeof interpolations,
    unset: 'bilinear',
  },
  mean: {
    describe: 'mean to subtract from each channel, on [0, 1], comma-separated',
    parse: parseMean as typeof parseMean,
    unset: '0.485,0.456,0.406; of other than 3 channels there is none',
  },
  std: {
    describe: 'standard deviation to divide each channel by',
    parse: parseStd as typeof parseStd,
    unset: '0.229,0.224,0.225',
  },
  autoOrient: { describe: 'apply the EXIF orientation', flag: true },
  sixteenBit: {
    describe: 'grey images of 16 bits, clipped at 255 as by Pillow or scaled to 8 bits',
    words: ['clip', 'scale'],
    default: 'clip',
  },
  views: {
    describe: 'augmented views to add for each image',
    numbers: { whole: true, min: 0, max: 1000 },
    default: 0,
  },
  dtype: { describe: 'data type of the feature set', words: ['float32', 'float16'], default: 'float32' },
  precision: {
    describe: 'of the network; float32 equals PyTorch, int8 is faster and calibrated on your images',
    words: ['float32', 'int8'],
    default: 'float32',
  },
  batch: {
    // ONNX Runtime on two cores is as fast at 8 images as with more of them.
    describe: 'images per run of the network',
    numbers: { whole: true, min: 1, max: 4096 },
    default: 8,
  },
  engine: {
    describe: engineDescribed as typeof engineDescribed,
    words: ['auto', 'onnx', 'tensorflow'],
    default: 'auto',
  },
  device: {
    describe: 'where it runs; featuretap devices tries them',
    words: ['auto', 'cpu', 'cuda', 'webgpu'],
    default: 'auto',
  },
  threads: {
    describe: 'threads of the network and of decoding',
    numbers: { whole: true, min: 1, max: 1024 },
    unset: 'all cores',
  },
  skipUnreadable: { describe: 'record images that cannot be read instead of stopping', flag: true },
  allowMissing: { describe: 'record ids of labels.csv without a file instead of stopping', flag: true },
  replace: { describe: 'recompute a feature set whose fingerprint differs', flag: true },
  shardMb: { describe: 'size of a shard in MB', numbers: { above: 0, max: 4000 }, unset: '64' },
  checkpoint: { describe: 'seconds between checkpoints', numbers: { min: 0 }, unset: '10' },
} as const;

/** Options of `extract` only, not of parts. */
export const wholeSetOptions = {
  prune: { describe: 'rewrite shards without the rows of deleted images', flag: true },
  rehash: { describe: 'rehash every file, even if its size and times are unchanged', flag: true },
} as const;

extractOptions satisfies OptionSpecs;

/** Checked values of these options; those of a whole set are off if not declared. */
export type ExtractValues = OptionValues<typeof extractOptions> & Partial<OptionValues<typeof wholeSetOptions>>;

/** The same options as arguments of the library. */
export type GivenExtract = GivenOptions<typeof extractOptions & typeof wholeSetOptions>;

/** `--resize 256`, or `--resize 384x512`. */
function parseSides(given: string, name: string): number | readonly [height: number, width: number] {
  const [height, width, ...more] = given.split(/x/i).map((side) => (/^\d+$/.test(side) ? Number(side) : Number.NaN));
  const fits = (side: number | undefined): side is number => side !== undefined && side >= 1 && side <= mostPixels;
  if (more.length === 0 && fits(height)) {
    if (width === undefined) return height;
    if (fits(width)) return [height, width];
  }
  const expected = width === undefined ? 'a whole number' : 'two whole numbers, HEIGHTxWIDTH,';
  throw usageError(name, given, `${expected} from 1 up to ${mostPixels}`);
}

function parseMean(given: string, name: string): readonly number[] {
  return parseList(given, name, 'three numbers from 0 to 1: 0.5,0.5,0.5', (value) => value >= 0 && value <= 1);
}

function parseStd(given: string, name: string): readonly number[] {
  return parseList(given, name, 'three numbers above 0: 0.5,0.5,0.5', (value) => value > 0);
}

/** A list of numbers; its length is checked once the network's channels are known. */
function parseList(given: string, name: string, expected: string, fits: (value: number) => boolean): readonly number[] {
  const values = given.split(',').map((word) => (word.trim() === '' ? Number.NaN : Number(word)));
  if (values.every((value) => fits(value) && Number.isFinite(value))) return values;
  throw usageError(name, given, expected);
}

import { type OptionValues, parseBytes } from '../system/options.ts';

/** Options of `classify` on the command line and in the library, apart from those of the heads. */
export const classifyOptions = {
  features: {
    describe:
      'folder of a feature set, or what another program made: X.npy, X.npz:NAME, .parquet, .csv, or a folder of shards; repeated it compares networks, A+B puts two side by side',
    text: true,
    list: 'whole',
    unset: 'the newest in cache',
  },
  labels: {
    describe: 'CSV with the header id,label; with X.npy: y.npy, .npz, .parquet or a CSV',
    text: true,
    unset: 'those found at extraction',
  },
  labelColumn: {
    describe: 'of a table (--labels, or --features): the column with the labels',
    text: true,
    unset: 'by its name',
  },
  idColumn: {
    describe: 'of a table: the column with the ids',
    text: true,
    unset: 'by its name, and by what it holds',
  },
  leaveOut: { describe: 'classes whose images are left out, repeatable', text: true, list: true, greedy: true },
  minImages: {
    describe: 'leave classes with fewer images out, counted and named',
    numbers: { min: 1, whole: true },
  },
  sampleWeight: { describe: 'column of --labels with the weight of each image', text: true },
  groups: {
    describe:
      'column of --labels: images of one group (one animal) stay on one side of every split; near-copies: copies of one image, exact or nearly, do',
    text: true,
  },
  withoutViews: { describe: 'ignore augmented views: train on original images', flag: true },
  testSize: {
    describe: 'test images of each split; with --groups, of the groups',
    numbers: { above: 0, percent: true, shareOrCount: true },
    default: 0.1,
  },
  repeats: {
    // More repeats would not change the mean noticeably, and each is a fit.
    describe: 'how many splits',
    numbers: { min: 1, max: 1000, whole: true },
    default: 1,
  },
  split: {
    describe:
      'CSV with the header id,side[,repeat], side being train or test; or draw, where the data folder has a split of its own',
    text: true,
  },
  testOn: {
    describe: "part of the data folder's own split to test on",
    words: ['val', 'test'],
    unset: 'val, or test where there is no other',
  },
  subsample: {
    describe: 'train on a stratified random subset of the training images',
    numbers: { above: 0, percent: true, shareOrCount: true },
  },
  stream: {
    describe: 'linear: read the features from disk block by block, for sets larger than memory',
    flag: true,
  },
  memory: {
    describe: 'memory limit of the run: 500MB, 2GB',
    parse: parseBytes as typeof parseBytes,
    unset: 'what is free; with --stream half of it',
  },
  maxMissing: {
    describe: 'allowed share of inputs without a row; files missing at extraction do not count',
    numbers: { min: 0, max: 1, percent: true },
    default: 0.01,
  },
  seed: {
    describe: 'of the splits and all random draws',
    numbers: { min: 0, max: 4_294_967_295, whole: true },
    default: 0,
  },
  learningCurve: {
    describe: 'fit on an eighth, a quarter and a half of the training rows too: would more photos help?',
    flag: true,
  },
  checkLabels: {
    describe: 'check the labels of all images with the cheapest good head, by five-fold cross-validation',
    flag: true,
  },
  out: { describe: 'folder of reports', text: true, default: 'reports' },
  threads: {
    describe: 'upper bound; results do not depend on it',
    numbers: { min: 1, whole: true, max: 1024 },
    unset: 'all cores',
  },
} as const;

export type ClassifyValues = OptionValues<typeof classifyOptions>;

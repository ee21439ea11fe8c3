import { UserError } from '../../../src/system/errors.ts';
import { describeOptions, parseOptions, wholeNumber } from '../shared/options.ts';

export interface Options {
  readonly data?: string | undefined;
  readonly weights?: string | undefined;
  readonly crop: number;
  readonly images: number;
  readonly endToEnd: number;
  readonly batches: readonly number[];
  readonly batch: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly timeout: number;
  readonly only: readonly string[];
  readonly compile: boolean;
  readonly out?: string | undefined;
}

const options = {
  data: ['photos (default: generated ones)', 'FOLDER'],
  weights: ['of a ResNet (default: random ones of ResNet50)', 'FILE'],
  crop: ['crop size in pixels', 'N', '224'],
  images: ['decoded images for the network alone', 'N', '512'],
  'end-to-end': ['images from files, repeated if there are fewer; 0: none', 'N', '8192'],
  batches: ['images per run of the network alone', 'A,B', '64,256'],
  batch: ['images per run from files', 'N', '64'],
  rounds: ['of the network alone', 'R', '3'],
  seconds: ['of a round', 'S', '1.5'],
  timeout: ["time limit of a contestant; PyTorch's share three times that", 'S', '120'],
  only: ['contestants whose name contains one of the words', 'WORD,WORD', ''],
  compile: ['PyTorch with torch.compile too, which takes a minute more'],
  out: ['JSON file, rewritten after each contestant', 'FILE', 'gpu.json'],
} as const;

export const measureUsage: string = describeOptions(options);

export function readOptions(args: readonly string[]): Options {
  const values = parseOptions(args, options);
  const batches = values.batches.split(',').map((text) => wholeNumber('--batches', text));
  const images = wholeNumber('--images', values.images);
  const most = Math.max(...batches);
  if (images < most) {
    throw new UserError({ what: `--images ${images} is too few`, expected: `${most}, one batch`, exitCode: 2 });
  }
  return {
    data: values.data,
    weights: values.weights,
    crop: wholeNumber('--crop', values.crop),
    images,
    endToEnd: wholeNumber('--end-to-end', values['end-to-end'], 0),
    batches,
    batch: wholeNumber('--batch', values.batch),
    rounds: wholeNumber('--rounds', values.rounds),
    seconds: Number(values.seconds),
    timeout: wholeNumber('--timeout', values.timeout),
    only: values.only.split(','),
    compile: values.compile,
    out: values.out,
  };
}

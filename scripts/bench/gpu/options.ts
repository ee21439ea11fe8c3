import { parseArgs } from 'node:util';
import { UserError } from '../../../src/system/errors.ts';

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

export const measureUsage = `  --data FOLDER      photos (default: drawn ones)
  --weights FILE     of a ResNet (default: random ones of ResNet50)
  --crop N           side of the network's input in pixels (default 224)
  --images N         decoded images that the network runs over alone (default 512)
  --end-to-end N     images from files, the folder over again where it holds fewer; 0 leaves it out (default 8192)
  --batches A,B      images per run of the network alone (default 64,256)
  --batch N          images per run from files (default 64)
  --rounds R         of the network alone (default 3)
  --seconds S        of a round (default 1.5)
  --timeout S        after which a contestant is given up (default 120; PyTorch's all together three times that)
  --only WORD,WORD   contestants whose name holds one of the words
  --compile          PyTorch's with torch.compile too, which takes a minute more
  --out FILE         the JSON, written anew after each contestant (default gpu.json)`;

const options = {
  data: { type: 'string' },
  weights: { type: 'string' },
  crop: { type: 'string', default: '224' },
  images: { type: 'string', default: '512' },
  'end-to-end': { type: 'string', default: '8192' },
  batches: { type: 'string', default: '64,256' },
  batch: { type: 'string', default: '64' },
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '1.5' },
  timeout: { type: 'string', default: '120' },
  only: { type: 'string', default: '' },
  compile: { type: 'boolean', default: false },
  out: { type: 'string', default: 'gpu.json' },
} as const;

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({ args: [...args], options });
  const batches = values.batches.split(',').map((text) => positive('--batches', text));
  const images = positive('--images', values.images);
  const most = Math.max(...batches);
  if (images < most) {
    throw new UserError({ what: `--images ${images} is too few`, expected: `${most}, a batch`, exitCode: 2 });
  }
  return {
    data: values.data,
    weights: values.weights,
    crop: positive('--crop', values.crop),
    images,
    endToEnd: values['end-to-end'] === '0' ? 0 : positive('--end-to-end', values['end-to-end']),
    batches,
    batch: positive('--batch', values.batch),
    rounds: positive('--rounds', values.rounds),
    seconds: Number(values.seconds),
    timeout: positive('--timeout', values.timeout),
    only: values.only.split(','),
    compile: values.compile,
    out: values.out,
  };
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UserError({ what: `${option} ${text} is no count`, expected: '1 or more', exitCode: 2 });
}

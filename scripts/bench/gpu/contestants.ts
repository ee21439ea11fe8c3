import type { Task, TorchTask } from './task.ts';

export interface Contestant extends Pick<Task, 'engine' | 'device' | 'precision' | 'feed' | 'decodeOnly'> {
  readonly label: string;
  /** Additional environment variables. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The variable that keeps NVIDIA's libraries from rounding float32 factors to TF32. */
const exact = { NVIDIA_TF32_OVERRIDE: '0' };
const float32 = { engine: 'onnx', precision: 'float32', feed: 'bytes' } as const;
const float16 = { ...float32, precision: 'float16' } as const;

/** Label of the contestant with which the others' features are compared. */
export const referenceLabel = 'featuretap cpu float32';

/** This project's contestants; the reference comes first. */
export const ourContestants: readonly Contestant[] = [
  { label: referenceLabel, ...float32, feed: 'floats', device: 'cpu' },
  { label: 'featuretap decoding', ...float32, device: 'cpu', decodeOnly: true },
  { label: 'featuretap cuda float32', ...float32, device: 'cuda', environment: exact },
  { label: 'featuretap cuda float32, fed floats', ...float32, feed: 'floats', device: 'cuda', environment: exact },
  { label: 'featuretap cuda tf32', ...float32, device: 'cuda' },
  { label: 'featuretap cuda float16', ...float16, device: 'cuda' },
  { label: 'featuretap webgpu float32', ...float32, device: 'webgpu' },
  { label: 'featuretap webgpu float32, fed floats', ...float32, feed: 'floats', device: 'webgpu' },
  { label: 'featuretap webgpu float16', ...float16, device: 'webgpu' },
  { label: 'featuretap tensorflow cuda float32', ...float32, engine: 'tensorflow', feed: 'floats', device: 'cuda' },
];

type TorchContestant = Omit<TorchTask['contestants'][number], 'features'>;

/** PyTorch's, in channels_last, as its documentation recommends for convolutions. */
export function torchContestants(compiled: boolean): readonly TorchContestant[] {
  const eager: readonly TorchContestant[] = [
    { label: 'torch float32', dtype: 'float32', tf32: false, compile: false },
    { label: 'torch tf32', dtype: 'float32', tf32: true, compile: false },
    { label: 'torch float16', dtype: 'float16', tf32: true, compile: false },
  ];
  const more = eager.map((each) => ({ ...each, label: `${each.label}, compiled`, compile: true }));
  return compiled ? [...eager, ...more] : eager;
}

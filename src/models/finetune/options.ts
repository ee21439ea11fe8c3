import type { GivenParams, ParamsOf } from '../parameters.ts';

export const solvers = ['adamw', 'sgd'] as const;

export const options = {
  optimizer: { describe: 'another name of --solver', words: ['adamw', 'sgd'], default: 'adamw' },
  from: {
    describe:
      'where training starts: after the tap or a layer, or at a block; blocks between the tap and there stay frozen',
    words: ['tap', 'layer1', 'layer2', 'layer3', 'layer4.0', 'layer4.1', 'layer4.2'],
    default: 'tap',
  },
  epochs: {
    describe: 'maximum number of passes over the training rows',
    numbers: { min: 1, whole: true },
    default: 10,
    simpler: 'smaller',
  },
  lr: { describe: 'peak learning rate of the last layer', numbers: { above: 0 }, default: 0.001 },
  backboneLr: {
    describe: 'peak learning rate of the blocks; without it a tenth of --lr',
    numbers: { above: 0 },
    default: null,
  },
  warmup: {
    describe: 'warm-up epochs, before a cosine decay to 0',
    numbers: { min: 0 },
    default: 1,
  },
  momentum: { describe: 'of SGD', numbers: { min: 0, max: 0.999 }, default: 0.9, solvers: ['sgd'] },
  weightDecay: {
    describe: 'weight decay of kernels and of the last layer; norms and biases have none',
    numbers: { min: 0 },
    default: { adamw: 0.01, sgd: 1e-4 },
    simpler: 'larger',
  },
  labelSmoothing: {
    describe: 'share of each label that is spread over all classes',
    numbers: { min: 0, max: 0.9 },
    default: 0,
  },
  batch: { describe: 'rows per step', numbers: { min: 1, max: 4096, whole: true }, default: 32 },
  batchNorm: {
    describe: 'batch norm of the trained blocks: frozen statistics, or those of each batch',
    words: ['frozen', 'train'],
    default: 'frozen',
  },
  device: {
    describe: 'device of the training steps; everything else runs on the CPU',
    words: ['cpu', 'cuda', 'webgpu'],
    default: 'cpu',
  },
  lastLayer: {
    describe: "initialization of the last layer: the linear head's solution on the original network, or random",
    words: ['linear', 'fresh'],
    default: 'linear',
  },
  C: {
    describe: 'inverse regularization strength of the linear head that initializes the last layer',
    numbers: { above: 0 },
    default: 1,
    simpler: 'smaller',
  },
  validation: {
    describe: 'share of the training rows held out to choose the best epoch; 0 for the last one, on all rows',
    numbers: { min: 0, max: 0.9 },
    default: 0.1,
  },
  patience: {
    describe: 'epochs without a better validation loss before it stops',
    numbers: { min: 1, whole: true },
    default: 5,
  },
} as const;

export type TuneParams = ParamsOf<typeof options>;
/** Parameters of fine-tuning, as given by callers of the library. */
export type FinetuneParams = GivenParams<typeof options, (typeof solvers)[number]>;

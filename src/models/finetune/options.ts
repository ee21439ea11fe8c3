import type { GivenParams, ParamsOf } from '../parameters.ts';

export const solvers = ['adamw', 'sgd'] as const;

export const options = {
  optimizer: { describe: 'another name of --solver', words: ['adamw', 'sgd'], default: 'adamw' },
  from: {
    describe:
      'where training starts: behind the tap or a layer, or at a block; what lies between the tap and there is run and not trained',
    words: ['tap', 'layer1', 'layer2', 'layer3', 'layer4.0', 'layer4.1', 'layer4.2'],
    default: 'tap',
  },
  epochs: {
    describe: 'passes over the training rows at most',
    numbers: { min: 1, whole: true },
    default: 10,
    simpler: 'smaller',
  },
  lr: { describe: 'largest learning rate of the last layer', numbers: { above: 0 }, default: 0.001 },
  backboneLr: {
    describe: 'largest learning rate of the blocks; without it a tenth of --lr',
    numbers: { above: 0 },
    default: null,
  },
  warmup: {
    describe: 'epochs of a rising learning rate, before a cosine brings it down to 0',
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
    describe: 'share of a label that all classes get',
    numbers: { min: 0, max: 0.9 },
    default: 0,
  },
  batch: { describe: 'rows per step', numbers: { min: 1, max: 4096, whole: true }, default: 32 },
  batchNorm: {
    describe: 'batch norms of the trained blocks: by their fixed statistics, or by those of each batch',
    words: ['frozen', 'train'],
    default: 'frozen',
  },
  device: {
    describe: 'what the steps of training are run on; everything else is run on the processor',
    words: ['cpu', 'cuda', 'webgpu'],
    default: 'cpu',
  },
  lastLayer: {
    describe: "what the last layer starts as: the linear head's solution on the network as it was, or a drawn layer",
    words: ['linear', 'fresh'],
    default: 'linear',
  },
  C: {
    describe: 'inverse strength of the penalty of the linear head that the last layer starts as',
    numbers: { above: 0 },
    default: 1,
    simpler: 'smaller',
  },
  validation: {
    describe: 'share of the training rows that says which epoch is kept; 0 for the last one, on all rows',
    numbers: { min: 0, max: 0.9 },
    default: 0.1,
  },
  patience: {
    describe: 'epochs without a better held-out loss before it stops',
    numbers: { min: 1, whole: true },
    default: 5,
  },
} as const;

export type TuneParams = ParamsOf<typeof options>;
/** Parameters of fine-tuning, as a library's caller gives them. */
export type FinetuneParams = GivenParams<typeof options, (typeof solvers)[number]>;

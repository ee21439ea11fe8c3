import { choices } from './rank/choose.ts';

/** Options of `suggest`. */
export const suggestOptions = {
  from: {
    describe: 'folder or archive of unlabelled photos; folder names are ignored',
    text: true,
  },
  count: { describe: 'photos to suggest', numbers: { min: 1, whole: true }, default: 50 },
  by: {
    describe:
      'the smallest margins between two classes (margin), or a diverse subset of three times as many (margin-k-center)',
    words: choices as typeof choices,
    default: 'margin-k-center',
  },
  cache: { describe: 'folder of the feature sets', text: true, default: 'cache' },
  name: { describe: 'of the feature set of the photos', text: true, unset: "the folder's name and -unlabelled" },
  device: {
    describe: 'where the network runs',
    words: ['auto', 'cpu', 'cuda', 'webgpu'],
    unset: "the CPU where it made the head's features, else auto",
  },
} as const;

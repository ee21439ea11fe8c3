import type { FingerprintFields } from '../../../src/features/manifest/manifest.ts';

/** The fingerprint of feature sets of random numbers. */
export const drawnFields: FingerprintFields = {
  architecture: 'drawn',
  weightsSha256: '0'.repeat(64),
  tap: 'avgpool',
  pool: 'mean',
  preprocessing: {
    resize: 256,
    crop: 224,
    interpolation: 'bilinear',
    mean: [0, 0, 0],
    std: [1, 1, 1],
    autoOrient: false,
  },
  dtype: 'float32',
  precision: 'float32',
};

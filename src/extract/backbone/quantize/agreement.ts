import { UserError } from '../../../system/errors.ts';
import type { PooledRows } from '../pool.ts';
import { cosines } from './cosine.kernel.ts';

/** Agreement of quantized and float32 features: cosine similarity over sample images. */
export interface Agreement {
  readonly mean: number;
  readonly worst: number;
  readonly imageCount: number;
}

/** Minimum mean cosine. Below it, heads lose too much accuracy (at 0.997 they lost 0 to 0.6 points in trials). */
const agreementFloor = 0.98;

export function measureAgreement(quantized: PooledRows, exact: PooledRows): Agreement {
  const values = cosines(quantized.data, exact.data, exact.rowCount);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, worst: values.reduce((least, value) => Math.min(least, value), 1), imageCount: exact.rowCount };
}

/** @throws UserError if the mean cosine is below the floor, before hours go into features of no use */
export function checkAgreement(agreement: Agreement, source: string): void {
  // Not `<`: NaN is below the floor too.
  if (agreement.mean >= agreementFloor) return;
  throw new UserError({
    what: 'int8 features are too far from float32 ones',
    where: source,
    found: `mean cosine ${agreement.mean.toFixed(4)}, worst ${agreement.worst.toFixed(4)} on ${agreement.imageCount} sample images`,
    expected: `a mean of at least ${agreementFloor}`,
    fix: '--precision float32',
  });
}

export function describeAgreement({ mean, worst, imageCount }: Agreement): string {
  return `int8 against float32 on ${imageCount} sample images: cosine ${mean.toFixed(4)} on average, ${worst.toFixed(4)} at worst`;
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DataShape, drawData } from './bench-data.ts';
import type { BenchCase } from './cases.ts';
import { type Figures, runOurs } from './measure.ts';

type Axis = 'rows' | 'dims' | 'classes';
const axes: readonly Axis[] = ['rows', 'dims', 'classes'];
/** Shares of the full size, along one axis at a time. */
const shares = [0.25, 0.5, 1] as const;

/** Cost of one head along one axis, with the other two at full size. */
export interface Growth {
  readonly name: string;
  readonly axis: Axis;
  readonly points: readonly { readonly size: number; readonly figures: Figures }[];
  /** Least-squares slope of log processor time over log size: 1 is proportional. */
  readonly exponent: number;
}

/** Fits the heads at a quarter, a half and all of the rows, the features and the classes. */
export function measureGrowth(
  cases: readonly BenchCase[],
  full: Omit<DataShape, 'source'> & { readonly seed: number },
  threads: number,
  tell: (what: string) => void,
): Growth[] {
  const found = new Map<string, Growth['points'][number][]>();
  const measured = new Map<string, Figures>();
  for (const axis of axes) {
    for (const share of shares) {
      const shape = { ...full, [axis]: Math.max(2, Math.round(full[axis] * share)) };
      const folder = mkdtempSync(join(tmpdir(), 'featuretap-bench-'));
      try {
        const known = cases.every(({ name }) => measured.has(`${name} ${JSON.stringify(shape)}`));
        if (!known) drawData(folder, shape);
        for (const chosen of cases) {
          const key = `${chosen.name} ${JSON.stringify(shape)}`;
          tell(`${chosen.name}: ${shape.rows} x ${shape.dims}, ${shape.classes} classes …`);
          let figures = measured.get(key);
          if (figures === undefined) {
            const { predictions: _predictions, ...rest } = runOurs(folder, chosen, threads);
            figures = rest;
          }
          measured.set(key, figures);
          const points = found.get(`${chosen.name}/${axis}`) ?? [];
          found.set(`${chosen.name}/${axis}`, [...points, { size: shape[axis], figures }]);
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
  }
  return cases.flatMap(({ name }) =>
    axes.map((axis) => {
      const points = found.get(`${name}/${axis}`) ?? [];
      return { name, axis, points, exponent: exponentOf(points) };
    }),
  );
}

function exponentOf(points: Growth['points']): number {
  const xs = points.map(({ size }) => Math.log(size));
  const ys = points.map(({ figures }) => Math.log(figures.processorSeconds));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(xs), mean(ys)];
  const slope = xs.map((x, i) => (x - meanX) * ((ys[i] as number) - meanY)).reduce((sum, value) => sum + value, 0);
  return slope / xs.reduce((sum, x) => sum + (x - meanX) ** 2, 0);
}

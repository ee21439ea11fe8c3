import type { FitContext, HeadKind } from '../../models/model.ts';
import { type Preparation, preparationOf, preparationOptions } from '../../models/scaling.ts';
import { balancedWeights } from '../../rows/classes.ts';
import { takeRows } from '../../rows/row-source.ts';
import { applyScaling, fitScaling } from '../../rows/scale.ts';
import { type Table, takeTableRows } from '../../rows/table.ts';
import type { Split } from '../../split/split.ts';
import { valueAt } from '../../system/at.ts';
import { throwIfInterrupted } from '../../system/interrupt.ts';

type Params = Readonly<Record<string, unknown>>;

/**
 * Cross-validated predictions: for every point and fold, fits a head on the training rows and predicts the test rows.
 *
 * Points with equal scaling and class weights share a call of the head's `crossValidate`, if it has one: for all folds
 * at once if the preparation does not depend on the training rows, else per fold.
 *
 * @param points complete parameters of each point, as for `createHead`
 * @returns class numbers: [point][fold][test row of the fold]
 */
export async function predictFolds(
  kind: HeadKind,
  points: readonly Params[],
  table: Table,
  folds: readonly Split[],
  context: FitContext,
): Promise<readonly (readonly Int32Array[])[]> {
  const found: Int32Array[][] = points.map(() => []);
  const total = points.length * folds.length;
  let done = 0;
  const tell = (count: number): void => {
    done += count;
    context.onProgress?.({ stage: 'sweep', done, total });
  };
  const { onProgress: _onProgress, test: _test, ...quiet } = context;
  for (const { preparation, members } of byPreparation(points)) {
    const own = members.map((point) => withoutPreparation(valueAt(points, point)));
    const alike = preparation.classWeight === 'none' && ['none', 'l2'].includes(preparation.scale);
    const rounds = alike ? [folds.map((_, f) => f)] : folds.map((_, f) => [f]);
    for (const round of rounds) {
      throwIfInterrupted(context.signal);
      const roundFolds = round.map((f) => valueAt(folds, f));
      const ready = await prepareTable(table, preparation, valueAt(roundFolds, 0).train);
      const predicted =
        (await kind.crossValidate?.(own, ready, roundFolds, quiet)) ??
        (await fitEach(kind, own, ready, roundFolds, quiet));
      members.forEach((point, i) => {
        round.forEach((f, j) => {
          valueAt(found, point)[f] = valueAt(valueAt(predicted, i), j);
        });
      });
      tell(members.length * round.length);
    }
  }
  return found;
}

async function fitEach(
  kind: HeadKind,
  points: readonly Params[],
  table: Table,
  folds: readonly Split[],
  context: FitContext,
): Promise<readonly (readonly Int32Array[])[]> {
  const found: Int32Array[][] = points.map(() => []);
  for (const fold of folds) {
    const train = takeTableRows(table, fold.train);
    const test = takeRows(table.features, fold.test);
    for (const [i, point] of points.entries()) {
      throwIfInterrupted(context.signal);
      const fitted = await kind.create(point).fit(train, context);
      found[i]?.push(await fitted.predict(test));
    }
  }
  return found;
}

/** All rows, with scaling and class weights of the training rows. */
async function prepareTable(table: Table, { scale, classWeight }: Preparation, train: Int32Array): Promise<Table> {
  if (scale === 'none' && classWeight === 'none') return table;
  const training = takeTableRows(table, train);
  const scaling = await fitScaling(scale, training.features);
  const scaled = { ...table, features: applyScaling(scaling, table.features) };
  if (classWeight === 'none') return scaled;
  const sampleWeights = Float64Array.from(table.labels, (_, row) => table.sampleWeights?.[row] ?? 1);
  balancedWeights(training).sampleWeights?.forEach((weight, i) => {
    sampleWeights[valueAt(train, i)] = weight;
  });
  return { ...scaled, sampleWeights };
}

function byPreparation(points: readonly Params[]): { preparation: Preparation; members: number[] }[] {
  const groups = new Map<string, { preparation: Preparation; members: number[] }>();
  points.forEach((point, i) => {
    const preparation = preparationOf(point);
    const key = `${preparation.scale} ${preparation.classWeight}`;
    const group = groups.get(key) ?? { preparation, members: [] };
    group.members.push(i);
    groups.set(key, group);
  });
  return [...groups.values()];
}

function withoutPreparation(params: Params): Params {
  return Object.fromEntries(Object.entries(params).filter(([name]) => !Object.hasOwn(preparationOptions, name)));
}

import type { Matrix } from '../numerics/matrix.ts';
import { balancedWeights } from '../rows/classes.ts';
import type { RowSource } from '../rows/row-source.ts';
import { applyScaling, fitScaling, type Scaling, scaleKinds } from '../rows/scale.ts';
import type { Table } from '../rows/table.ts';
import { UserError } from '../system/errors.ts';
import { checkFeatures, checkTrainingTable, savedArray } from './checks.ts';
import { withChanges } from './fitted-head.ts';
import type { FitSize, MemoryPart } from './memory-parts.ts';
import type { FitContext, FittedHead, Head, SavedHead } from './model.ts';
import { type GivenParams, type ParamsOf, type RawParams, readParams } from './parameters.ts';

/** Parameters common to all heads. Whatever they fit is fitted on the training rows only. */
export const preparationOptions = {
  scale: { describe: 'how features are scaled', words: ['none', 'standard', 'l2', 'minmax'], default: 'none' },
  classWeight: { describe: 'class weights', words: ['none', 'balanced'], default: 'none' },
  calibrate: {
    describe:
      'how probabilities are calibrated (none: as the fit gives them; auto: by a temperature, or by the head itself)',
    words: ['none', 'temperature', 'auto'],
    default: 'none',
  },
} as const;

/** Preparation of the table before a fit, and calibration of the probabilities after. */
export type Preparation = ParamsOf<typeof preparationOptions>;
/** The same, as given by callers of the library. */
export type PreparationParams = GivenParams<typeof preparationOptions>;

/** @throws a usage UserError naming the invalid parameter */
export function preparationOf(params: RawParams): Preparation {
  return readParams({ solvers: [], options: preparationOptions }, { ...params, solver: undefined }).params;
}

/** For a head that calibrates itself: the parameter that a report shows where it was asked not to. */
export function ownCalibration(params: RawParams): { readonly calibrate?: 'none' } {
  return params['calibrate'] === 'none' ? { calibrate: 'none' } : {};
}

/** Wraps a head: scales features and weights classes, both fitted on the training rows only. */
export function prepared(head: Head, preparation: Pick<Preparation, 'scale' | 'classWeight'>): Head {
  if (preparation.scale === 'none' && preparation.classWeight === 'none') return head;
  const params = { ...head.params, ...shownPreparation(preparation) };
  const { temperature, ...plain } = head;

  const prepare = async (train: Table<RowSource>, { test, ...rest }: FitContext) => {
    checkTrainingTable(train, head.model, preparation.scale !== 'none');
    const scaling = await fitScaling(preparation.scale, train.features);
    const scaled = (rows: Table<RowSource>) => ({ ...rows, features: applyScaling(scaling, rows.features) });
    const weighed = preparation.classWeight === 'balanced' ? balancedWeights(train) : train;
    const context: FitContext = { ...rest, test: test && scaled(test) };
    return { table: scaled(weighed), context, finish: (fitted: FittedHead) => scaledHead(fitted, scaling, params) };
  };
  // Rows on disk are scaled when read.
  const scaledRows = ({ trainRows, testRows, dims, stream }: FitSize): MemoryPart[] =>
    preparation.scale === 'none' || stream === true
      ? []
      : [{ what: 'scaled rows', bytes: 4 * (trainRows + testRows) * dims }];

  const ready: Head = {
    ...plain,
    params,
    needs: (size) => [...head.needs(size), ...scaledRows(size)],
    fit: async (train, given) => {
      const { table, context, finish } = await prepare(train, given);
      return finish(await head.fit(table, context));
    },
  };
  if (temperature === undefined) return ready;
  return {
    ...ready,
    temperature: {
      ...temperature,
      needs: (size) => [...temperature.needs(size), ...scaledRows(size)],
      fit: async (train, given, judged) => {
        const { table, context, finish } = await prepare(train, given);
        const { fitted, ...found } = await temperature.fit(table, context, judged);
        return { ...found, fitted: finish(fitted) };
      },
    },
  };
}

/** The parameters that are not at their defaults, for reports. */
function shownPreparation({
  scale,
  classWeight,
}: Pick<Preparation, 'scale' | 'classWeight'>): Readonly<Record<string, string>> {
  return {
    ...(scale === 'none' ? {} : { scale }),
    ...(classWeight === 'none' ? {} : { classWeight }),
  };
}

function scaledHead(inner: FittedHead, scaling: Scaling, params: Head['params']): FittedHead {
  const scaled = (features: Matrix, overwrite?: boolean): Matrix => {
    checkFeatures(features, inner.dims, inner.model);
    return applyScaling(scaling, features, overwrite);
  };
  return withChanges(inner, {
    params,
    predictBoth: async (features, options) => inner.predictBoth(scaled(features, options?.overwrite), options),
    predict: async (features) => inner.predict(scaled(features)),
    save: () => {
      const saved = inner.save();
      const arrays =
        scaling.offset.length === 0
          ? {}
          : {
              [offsetArray]: { shape: [inner.dims], data: scaling.offset },
              [factorArray]: { shape: [inner.dims], data: scaling.factor },
            };
      return { ...saved, params, arrays: { ...saved.arrays, ...arrays } };
    },
  });
}

const offsetArray = 'scale.offset';
const factorArray = 'scale.factor';

/**
 * Restores a head of `prepared`; `load` restores the inner one.
 *
 * @throws UserError if the scaling is unknown or damaged
 */
export function loadPrepared(saved: SavedHead, load: (saved: SavedHead) => FittedHead): FittedHead {
  const { scale, classWeight, ...params } = saved.params;
  if (scale === undefined && classWeight === undefined) return load(saved);
  const { [offsetArray]: _offset, [factorArray]: _factor, ...arrays } = saved.arrays;
  const inner = load({ ...saved, params, arrays });
  return scaledHead(inner, savedScaling(saved, scale ?? 'none'), saved.params);
}

/** The scaling of a saved head, or `none`. */
export function savedScaling(saved: SavedHead, given: unknown = saved.params['scale'] ?? 'none'): Scaling {
  const kind = scaleKinds.find((known) => known === given);
  if (kind === undefined) {
    throw new UserError({
      what: 'the scaling of the saved head is not known here',
      found: JSON.stringify(given),
      expected: scaleKinds.join(' | '),
    });
  }
  if (kind === 'none' || kind === 'l2') return { kind, offset: new Float64Array(0), factor: new Float64Array(0) };
  return {
    kind,
    offset: savedArray(saved, offsetArray, Float64Array, [saved.dims]),
    factor: savedArray(saved, factorArray, Float64Array, [saved.dims]),
  };
}

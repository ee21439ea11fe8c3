import type { Matrix } from '../numerics/matrix.ts';
import { balancedWeights } from '../rows/class-weight.ts';
import {
  applyScaling,
  fitScaling,
  fitStoredScaling,
  type ScaleKind,
  type Scaling,
  scaleKinds,
  scaleStored,
} from '../rows/scale.ts';
import type { Rows } from '../rows/stored-rows.ts';
import type { StoredTable, Table, TableOf } from '../rows/table.ts';
import { UserError } from '../system/errors.ts';
import { checkFeatures, checkTrainingTable, savedArray } from './checks.ts';
import type { FitSize, MemoryPart } from './memory-parts.ts';
import type { FitContext, FittedHead, Head, HeadOption, SavedHead, StreamedFit, TemperedFit } from './model.ts';
import { choiceParam, type RawParams } from './params.ts';

/** What happens to a table before any head sees it. */
export interface Preparation {
  readonly scale: ScaleKind;
  readonly classWeight: 'none' | 'balanced';
}

/** The parameters that every head reads. */
export const preparationOptions: Readonly<Record<string, HeadOption>> = {
  scale: { describe: 'none | standard | l2 | minmax, learned from the training rows' },
  classWeight: { describe: 'none | balanced' },
  calibrate: {
    describe:
      'auto | none | temperature, fitted on held-out probabilities: up to five more fits, for a forest its out-of-bag rows (default auto: heads that are not calibrated by themselves)',
  },
};

/** @throws a usage UserError naming the parameter that is not usable */
export function preparationOf(params: RawParams, defaultScale: ScaleKind): Preparation {
  return {
    scale: choiceParam(params, 'scale', defaultScale, scaleKinds),
    classWeight: choiceParam(params, 'classWeight', 'none', ['none', 'balanced']),
  };
}

/** A head that scales features and weighs classes before it is fitted: both are learned from the training rows alone. */
export function prepared(head: Head, preparation: Preparation): Head {
  if (preparation.scale === 'none' && preparation.classWeight === 'none') return head;
  const params = { ...head.params, ...shownPreparation(preparation) };
  const { tempered } = head;
  const weighed = <F extends Rows>(train: TableOf<F>): TableOf<F> => {
    checkTrainingTable(train, head.model);
    return preparation.classWeight === 'balanced' ? balancedWeights(train) : train;
  };
  return {
    model: head.model,
    solver: head.solver,
    params,
    needs: (size) => [...head.needs(size), ...scaledRows(size)],
    ...(head.lighter === undefined ? {} : { lighter: head.lighter }),
    fit: async (train, context) => {
      const { table, given, scaling } = prepare(train, context);
      return scaledHead(await head.fit(table, given), scaling, params);
    },
    ...(tempered === undefined
      ? {}
      : {
          tempered: {
            rowsAre: tempered.rowsAre,
            fits: tempered.fits,
            fit: async (train, context, judged) => {
              const { table, given, scaling } = prepare(train, context);
              const { fitted, ...found } = await tempered.fit(table, given, judged);
              return { ...found, fitted: scaledHead(fitted, scaling, params) };
            },
            needs: (size) => [...tempered.needs(size), ...scaledRows(size)],
          } satisfies TemperedFit,
        }),
    ...(head.stream === undefined ? {} : { stream: preparedStream(head.stream) }),
  };

  function prepare(train: Table, context: FitContext): { table: Table; given: FitContext; scaling: Scaling } {
    const table = weighed(train);
    const scaling = fitScaling(preparation.scale, train.features);
    const scaled = (rows: Table): Table => ({ ...rows, features: applyScaling(scaling, rows.features) });
    const { test, ...rest } = context;
    return { table: scaled(table), given: { ...rest, ...(test === undefined ? {} : { test: scaled(test) }) }, scaling };
  }

  function scaledRows({ trainRows, testRows, dims }: FitSize): MemoryPart[] {
    return preparation.scale === 'none' ? [] : [{ what: 'scaled rows', bytes: 4 * (trainRows + testRows) * dims }];
  }

  function preparedStream({ fit, needs }: StreamedFit): StreamedFit {
    return {
      needs,
      fit: async (train, context) => {
        const table = weighed(train);
        const scaling = await fitStoredScaling(preparation.scale, train.features);
        const scaled = (rows: StoredTable): StoredTable => ({ ...rows, features: scaleStored(scaling, rows.features) });
        const { test, ...rest } = context;
        const inner = await fit(scaled(table), { ...rest, ...(test === undefined ? {} : { test: scaled(test) }) });
        return {
          ...scaledHead(inner, scaling, params),
          eachProbability: (features, ask, take) => inner.eachProbability(scaleStored(scaling, features), ask, take),
        };
      },
    };
  }
}

/** Parameters that differ from the plain head's, for reports. */
function shownPreparation({ scale, classWeight }: Preparation): Readonly<Record<string, string>> {
  return {
    ...(scale === 'none' ? {} : { scale }),
    ...(classWeight === 'none' ? {} : { classWeight }),
  };
}

function scaledHead(inner: FittedHead, scaling: Scaling, params: Head['params']): FittedHead {
  const scaled = (features: Matrix): Matrix => {
    checkFeatures(features, inner.dims, inner.model);
    return applyScaling(scaling, features);
  };
  const { uncalibrated } = inner;
  return {
    ...inner,
    params,
    predictProba: (features) => inner.predictProba(scaled(features)),
    ...(uncalibrated === undefined ? {} : { uncalibrated: (features) => uncalibrated(scaled(features)) }),
    predict: (features) => inner.predict(scaled(features)),
    save: () => {
      const saved = inner.save();
      return {
        ...saved,
        params,
        arrays: {
          ...saved.arrays,
          ...(scaling.offset.length === 0
            ? {}
            : {
                [offsetArray]: { shape: [inner.dims], data: scaling.offset },
                [factorArray]: { shape: [inner.dims], data: scaling.factor },
              }),
        },
      };
    },
  };
}

const offsetArray = 'scale.offset';
const factorArray = 'scale.factor';

/**
 * Restores a head that `prepared` made, the inner one by `load`.
 *
 * @throws UserError when the scaling is not known or not whole
 */
export function loadPrepared(saved: SavedHead, load: (saved: SavedHead) => FittedHead): FittedHead {
  const { scale, classWeight, ...params } = saved.params;
  if (scale === undefined && classWeight === undefined) return load(saved);
  const { [offsetArray]: _offset, [factorArray]: _factor, ...arrays } = saved.arrays;
  const inner = load({ ...saved, params, arrays });
  return scaledHead(inner, savedScaling(saved, scale ?? 'none'), saved.params);
}

/** The scaling of a saved head, `none` where it has none: what an exported network must do first. */
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

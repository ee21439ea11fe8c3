import { availableParallelism } from 'node:os';
import { usageError } from '../../system/errors.ts';
import { counted } from '../../system/printable.ts';
import { heldOutTemperature } from '../calibration/hold-out.ts';
import { checkSolver } from '../checks.ts';
import { savedFacts } from '../fitted-head.ts';
import type { Head, HeadKind } from '../model.ts';
import { readParams } from '../parameters.ts';
import { tune } from './fit.ts';
import { tuneNeeds } from './memory.ts';
import { addTunedNetwork } from './onnx.ts';
import { options, solvers } from './options.ts';
import { savedNetwork } from './saved-network.ts';
import { tunedHead } from './tuned-head.ts';

const declared = { solvers, options, solverAlias: 'optimizer' };

/**
 * Fine-tunes the last blocks of a network on extracted feature maps, so that the frozen part only ran once. A row is a
 * whole map.
 */
export function finetuneFrom(linear: HeadKind): HeadKind {
  return {
    model: 'finetune',
    solvers,
    options,
    byNameOnly: true,
    autoCalibrate: (raw) => (readParams(declared, raw).params.validation === 0 ? 'none' : 'temperature'),
    autoSweep: () => ({}),
    create: (raw) => {
      const { solver, params } = readParams(declared, raw);
      const { validation, patience, lastLayer, C } = params;
      if (validation === 0 && patience !== options.patience.default) {
        throw usageError('patience', String(patience), 'no patience without held-out rows', '--validation 0.1');
      }
      if (lastLayer === 'fresh' && C !== options.C.default) {
        throw usageError('C', String(C), 'no C with a fresh last layer', '--last-layer linear');
      }
      const needs: Head['needs'] = (size) => tuneNeeds(params, solver === 'adamw', size);
      const asked = { params, solver, linear };
      return {
        model: 'finetune',
        solver,
        params,
        rows: 'blocks',
        staysOnDisk: true,
        fit: async (train, context) => (await tune(train, asked, context)).fitted,
        needs,
        temperature: {
          rowsAre: 'held-out',
          fits: () => params.validation > 0,
          fit: async (train, context, judged) => {
            const { fitted, held } = await tune(train, asked, context);
            const message = `calibrating on ${counted(held.length, 'held-out image')}`;
            context.onProgress?.({ stage: 'calibration', done: 0, total: 1, message });
            const options = { judged, signal: context.signal, withScores: true };
            return { fitted, ...(await heldOutTemperature(fitted, train, held, options)) };
          },
          needs,
        },
      } satisfies Head;
    },
    load: (saved) => {
      checkSolver(saved, solvers);
      const { network: _, ...details } = saved.details;
      // The threads do not affect the result.
      const facts = { ...savedFacts({ ...saved, details }), converged: true };
      return tunedHead(savedNetwork(saved), facts, availableParallelism());
    },
    toOnnx: addTunedNetwork,
  };
}

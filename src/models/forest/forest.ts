import { checkSolver } from '../checks.ts';
import type { HeadKind } from '../model.ts';
import { readParams } from '../parameters.ts';
import { cartForest, loadCart } from './fit.ts';
import { loadMlForest, mlForest } from './ml-random-forest/ml-random-forest.ts';
import { addForest } from './onnx.ts';
import { forestOptions, forestSolvers } from './params.ts';

/** Random forest. Solvers: `cart`, implemented here, and the npm package `ml-random-forest`. */
export const forest: HeadKind = {
  model: 'forest',
  solvers: forestSolvers,
  options: forestOptions,
  create: (raw) => {
    const { solver, params: given } = readParams({ solvers: forestSolvers, options: forestOptions }, raw);
    const { allowSlow, ...params } = given;
    return solver === 'cart' ? cartForest(params) : mlForest(params, allowSlow);
  },
  autoCalibrate: (params) => (params['solver'] === 'ml-random-forest' ? 'none' : 'temperature'),
  autoSweep: () => ({ maxFeatures: ['log2', 'sqrt', 0.1], minLeaf: [1, 2, 4] }),
  load: (saved) => {
    checkSolver(saved, forestSolvers);
    return saved.solver === 'cart' ? loadCart(saved) : loadMlForest(saved);
  },
  toOnnx: (graph, features, saved) => (saved.solver === 'cart' ? addForest(graph, features, saved) : undefined),
};

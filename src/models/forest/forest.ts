import { checkSolver } from '../checks.ts';
import type { HeadKind } from '../model.ts';
import { choiceParam } from '../params.ts';
import { cartForest, loadCart } from './fit.ts';
import { loadMlForest, mlForest } from './ml-random-forest/ml-random-forest.ts';
import { forestParams } from './params.ts';

const solvers = ['cart', 'ml-random-forest'] as const;

/** Random forest: `cart` is the project's own solver, `ml-random-forest` the npm package of that name. */
export const forest: HeadKind = {
  model: 'forest',
  solvers,
  options: {
    trees: { describe: 'how many', simpler: 'smaller' },
    maxDepth: { describe: 'splits from the root to a leaf at most', simpler: 'smaller' },
    minLeaf: { describe: 'rows of a leaf at least', simpler: 'larger' },
    maxFeatures: { describe: 'features looked at per split: sqrt | log2 | all | a share | a count' },
    allowSlow: { describe: 'ml-random-forest: start even when it will take more than ten minutes', flag: true },
  },
  create: (params) => {
    const solver = choiceParam(params, 'solver', 'cart', solvers);
    const checked = forestParams(params);
    switch (solver) {
      case 'cart':
        return cartForest(checked);
      case 'ml-random-forest':
        return mlForest(checked, params['allowSlow'] === true);
      default:
        return solver satisfies never;
    }
  },
  autoCalibrate: (params) => (params['solver'] === 'ml-random-forest' ? 'none' : 'temperature'),
  autoSweep: () => ({ maxFeatures: ['log2', 'sqrt', 0.1], minLeaf: [1, 2, 4] }),
  load: (saved) => {
    checkSolver(saved, solvers);
    return saved.solver === 'cart' ? loadCart(saved) : loadMlForest(saved);
  },
};

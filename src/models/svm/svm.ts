import { checkSolver } from '../checks.ts';
import { loadLinear, savedLinearScores } from '../linear-head.ts';
import type { HeadKind } from '../model.ts';
import { addLinear } from '../onnx-parts.ts';
import { ownCalibration } from '../scaling.ts';
import { classMeans } from './class-means.ts';
import { crossValidateSvm } from './cross-validate.ts';
import { svmHead } from './fit.ts';
import { loadSvm, savedKernel } from './fitted.ts';
import { crossValidateLinearSvc } from './linear-svc/cross-validate.ts';
import { linearSvc } from './linear-svc/linear-svc.ts';
import { addSvm } from './onnx.ts';
import { readSvmParams, svmOptions, svmSolvers } from './params.ts';

/**
 * Support vector machines. `smo`: C-SVC, one-vs-one, with a linear or rbf kernel, as scikit-learn's SVC (LIBSVM); predictions
 * are votes, probabilities are calibrated on held-out decision values. `ml-svm`: the same by the npm package. `linearsvc`:
 * one classifier per class against the rest, as scikit-learn's LinearSVC.
 */
export const svm: HeadKind = {
  model: 'svm',
  solvers: svmSolvers,
  options: svmOptions,
  create: (raw) => {
    const { solver, params, allowSlow } = readSvmParams(raw);
    const asked = { ...params, ...ownCalibration(raw) };
    return solver === 'linearsvc' ? linearSvc(asked) : svmHead(asked, solver, allowSlow);
  },
  autoCalibrate: () => 'none',
  autoSweep: (params) => ({
    C: [0.0001, 0.001, 0.01, 0.1, 1, 10, 100, 1000],
    ...(params['kernel'] === 'rbf' ? { gamma: ['scale', 'auto'] } : {}),
  }),
  crossValidate: (points, table, folds, context) => {
    const read = points.map(readSvmParams);
    const params = read.map((point) => point.params);
    const all = (solver: string): boolean => read.every((point) => point.solver === solver);
    if (all('smo')) return crossValidateSvm(params, table, folds, context);
    if (all('linearsvc')) return crossValidateLinearSvc(params, table, folds, context);
    return undefined;
  },
  load: (saved) => {
    checkSolver(saved, svmSolvers);
    return saved.solver === 'linearsvc' ? loadLinear(saved) : loadSvm(saved);
  },
  toOnnx: (graph, features, saved) =>
    saved.solver === 'linearsvc' ? addLinear(graph, features, saved) : addSvm(graph, features, saved),
  linearScores: async (saved) => {
    if (saved.solver === 'linearsvc') return savedLinearScores(saved);
    return savedKernel(saved).name === 'linear' ? classMeans(saved) : undefined;
  },
};

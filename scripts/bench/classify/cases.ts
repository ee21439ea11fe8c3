/** One line of the table: a head and its scikit-learn counterpart. */
export interface BenchCase {
  readonly name: string;
  readonly model: string;
  readonly params: Readonly<Record<string, string | number>>;
  /** Number of training rows used; default: all. */
  readonly rows?: number;
  /** Parameters to choose from by five-fold cross-validation. */
  readonly sweep?: Readonly<Record<string, readonly number[]>>;
  /** scikit-learn's constructor, as Python. */
  readonly estimator: string;
  /** Target speed-up over scikit-learn, fit and score together. */
  readonly target: number;
  /** What must agree beside the accuracy: every prediction, or the objective. */
  readonly agreement: 'predictions' | 'objective' | 'accuracy';
  /** So slow that it is measured only if `--heads` names it. */
  readonly onRequest?: true;
}

/** Ten values, like `LogisticRegressionCV(Cs=10)`, around those that suit pooled features. */
const sweptC = [1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1, 3];
const alphas = [1, 3, 10, 30, 100, 300, 1000, 3000];
const lbfgsSteps = 10;

export const benchCases: readonly BenchCase[] = [
  {
    name: 'svm linear C=0.01',
    model: 'svm',
    params: { kernel: 'linear', C: 0.01 },
    estimator: "SVC(kernel='linear', C=0.01)",
    target: 8,
    agreement: 'predictions',
  },
  {
    name: 'svm rbf C=10',
    model: 'svm',
    params: { kernel: 'rbf', C: 10 },
    estimator: 'SVC(C=10)',
    target: 15,
    agreement: 'predictions',
  },
  {
    name: 'forest 100 trees',
    model: 'forest',
    params: { trees: 100 },
    estimator: 'RandomForestClassifier(100, n_jobs=THREADS, random_state=0)',
    target: 3,
    agreement: 'accuracy',
  },
  {
    name: 'linear C=0.1, tol 1e-4',
    model: 'linear',
    params: { C: 0.1, tol: 1e-4, calibrate: 'temperature' },
    estimator: 'LogisticRegression(C=0.1)',
    target: 4,
    agreement: 'objective',
  },
  {
    name: 'linear C=0.1, tol 1e-6',
    model: 'linear',
    params: { C: 0.1, tol: 1e-6, calibrate: 'temperature' },
    estimator: 'LogisticRegression(C=0.1, tol=1e-6, max_iter=1000)',
    target: 8,
    agreement: 'objective',
  },
  {
    name: 'linear C=0.1, to the optimum',
    model: 'linear',
    params: { C: 0.1, calibrate: 'temperature' },
    estimator: 'LogisticRegression(C=0.1)',
    target: 4,
    agreement: 'objective',
  },
  {
    name: 'linear C=0.1, tol 1e-4, 800 rows',
    model: 'linear',
    params: { C: 0.1, tol: 1e-4, calibrate: 'temperature' },
    rows: 800,
    estimator: 'LogisticRegression(C=0.1)',
    target: 2,
    agreement: 'objective',
  },
  {
    name: 'linear C=0.1, to the optimum, 800 rows',
    model: 'linear',
    params: { C: 0.1, calibrate: 'temperature' },
    rows: 800,
    estimator: 'LogisticRegression(C=0.1)',
    target: 2,
    agreement: 'objective',
  },
  {
    name: 'svm linearsvc C=0.001',
    model: 'svm',
    params: { solver: 'linearsvc', C: 0.001 },
    estimator: 'LinearSVC(C=0.001, random_state=0)',
    target: 4,
    agreement: 'objective',
  },
  {
    name: 'mlp, 20 epochs',
    model: 'mlp',
    params: { epochs: 20, validation: 0, calibrate: 'none' },
    estimator: 'MLPClassifier(256, max_iter=20, n_iter_no_change=20, batch_size=256, random_state=0)',
    target: 3,
    agreement: 'accuracy',
  },
  {
    name: 'ridge, 8 alphas',
    model: 'ridge',
    params: { alpha: alphas.join() },
    estimator: `RidgeClassifierCV(alphas=[${alphas}])`,
    target: 3,
    agreement: 'predictions',
  },
  {
    name: 'knn, k=20',
    model: 'knn',
    params: { k: 20, votes: 'uniform' },
    estimator: "KNeighborsClassifier(20, metric='cosine', n_jobs=THREADS)",
    target: 3,
    agreement: 'accuracy',
  },
  {
    name: 'sweep of linear, 10 C, 5 folds, tol 1e-4, 2300 rows',
    model: 'linear',
    params: { tol: 1e-4 },
    rows: 2300,
    sweep: { C: sweptC },
    estimator: `LogisticRegressionCV(Cs=[${sweptC}], cv=5, use_legacy_attributes=False, l1_ratios=(0,))`,
    target: 5,
    agreement: 'accuracy',
  },
  {
    name: 'sweep of linear, 10 C, 5 folds, tol 1e-4, all rows',
    model: 'linear',
    params: { tol: 1e-4 },
    sweep: { C: sweptC },
    estimator: `LogisticRegressionCV(Cs=[${sweptC}], cv=5, use_legacy_attributes=False, l1_ratios=(0,))`,
    target: 5,
    agreement: 'accuracy',
    onRequest: true,
  },
  {
    name: `steps of L-BFGS, ${lbfgsSteps}`,
    model: 'linear',
    params: { C: 0.1, maxIterations: lbfgsSteps },
    estimator: `TorchLogistic(C=0.1, steps=${lbfgsSteps}, threads=THREADS)`,
    target: 2,
    agreement: 'accuracy',
    onRequest: true,
  },
];

/** Results of one side, passed on as JSON. */
export interface Measured {
  readonly fitSeconds: number;
  readonly scoreSeconds: number;
  /** Of all threads, fit and score together; less affected by load than elapsed time. */
  readonly processorSeconds: number;
  readonly accuracy: number;
  readonly converged: boolean;
  readonly iterations: number;
  /** Evaluations of the objective and its gradient, where both sides count them. */
  readonly evaluations?: number;
  /** Peak memory of the process, with features and runtime. */
  readonly peakBytes: number;
  /** Class number per test row. */
  readonly predictions: readonly number[];
  /**
   * C times the summed loss plus half the squared weights, for the linear heads; as reported by the fit where it need
   * not agree.
   */
  readonly objective?: number;
  readonly version: string;
}

/** One line of the table: a head of ours and scikit-learn's estimator that it stands beside. */
export interface BenchCase {
  readonly name: string;
  readonly model: string;
  readonly params: Readonly<Record<string, string | number>>;
  /** scikit-learn's constructor, as Python. */
  readonly estimator: string;
  /** How many times as fast as scikit-learn it is meant to be, fit and score together. */
  readonly target: number;
  /** What must agree beside the accuracy: every prediction, or the objective. */
  readonly agreement: 'predictions' | 'objective' | 'accuracy';
}

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
    name: 'linear C=0.1',
    model: 'linear',
    params: { C: 0.1 },
    estimator: 'LogisticRegression(C=0.1, max_iter=200)',
    target: 8,
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
];

/** What one side found, as it is passed on as JSON. */
export interface Measured {
  readonly fitSeconds: number;
  readonly scoreSeconds: number;
  /** Of all threads, fit and score together: what a busy machine changes little. */
  readonly processorSeconds: number;
  readonly accuracy: number;
  readonly converged: boolean;
  readonly iterations: number;
  /** Largest memory of the process, features and runtime included. */
  readonly peakBytes: number;
  /** Class number per test row. */
  readonly predictions: readonly number[];
  /** C times the summed loss plus half the squared weights, for the linear heads. */
  readonly objective?: number;
  readonly version: string;
}

"""Fits one scikit-learn estimator on the bench's files, predicts, and prints the measurements as JSON.

Usage: reference.py FOLDER ESTIMATOR THREADS [ROWS]
"""
import json
import resource
import sys
import time
import warnings

import numpy as np
import sklearn
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, RidgeClassifierCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC, LinearSVC



class TorchLogistic:
    """Minimizes LogisticRegression's objective with PyTorch's L-BFGS from zeros, with as many pairs as featuretap."""

    def __init__(self, C, steps, threads):
        import torch

        self.C, self.steps, self.torch = C, steps, torch
        torch.set_num_threads(threads)

    def fit(self, rows, labels):
        torch = self.torch
        x, y = torch.from_numpy(rows), torch.from_numpy(labels)
        weights = torch.zeros(rows.shape[1], int(labels.max()) + 1, requires_grad=True)
        bias = torch.zeros(weights.shape[1], requires_grad=True)
        optimizer = torch.optim.LBFGS([weights, bias], max_iter=self.steps, history_size=7, line_search_fn='strong_wolfe',
                                      tolerance_grad=0, tolerance_change=0)

        def closure():
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(torch.addmm(bias, x, weights), y, reduction='sum')
            loss = loss + (weights * weights).sum() / (2 * self.C)
            loss.backward()
            self.objective = self.C * float(loss)
            return loss

        optimizer.step(closure)
        self.weights, self.bias = weights.detach(), bias.detach()
        self.n_iter_ = optimizer.state[weights]['n_iter']
        self.evaluations = optimizer.state[weights]['func_evals']

    def predict(self, rows):
        return self.torch.addmm(self.bias, self.torch.from_numpy(rows), self.weights).argmax(1).numpy()


folder, estimator, threads = sys.argv[1:4]
labels = json.load(open(folder + '/labels.json'))
train, test = np.load(folder + '/train.npy'), np.load(folder + '/test.npy')
train_labels, test_labels = np.array(labels['train']), np.array(labels['test'])
if len(sys.argv) > 4:
    rows = int(sys.argv[4])
    train, train_labels = train[:rows].copy(), train_labels[:rows]
known = {'SVC': SVC, 'LinearSVC': LinearSVC, 'RandomForestClassifier': RandomForestClassifier,
         'LogisticRegression': LogisticRegression, 'LogisticRegressionCV': LogisticRegressionCV,
         'RidgeClassifierCV': RidgeClassifierCV, 'KNeighborsClassifier': KNeighborsClassifier,
         'MLPClassifier': MLPClassifier, 'TorchLogistic': TorchLogistic, 'THREADS': int(threads)}
model = eval(estimator, {'__builtins__': {}}, known)

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter('always')
    processor = time.process_time()
    started = time.perf_counter()
    model.fit(train, train_labels)
    fitted = time.perf_counter()
    predictions = model.predict(test)
    scored = time.perf_counter()
    processor = time.process_time() - processor
# KiB on Linux, bytes on macOS.
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == 'darwin' else 1024)

measured = {
    'fitSeconds': fitted - started,
    'scoreSeconds': scored - fitted,
    'processorSeconds': processor,
    'accuracy': float((predictions == test_labels).mean()),
    'converged': not any(issubclass(w.category, ConvergenceWarning) for w in caught),
    'iterations': int(np.sum(getattr(model, 'n_iter_', 0))),
    'peakBytes': peak,
    'predictions': predictions.tolist(),
    'version': f'scikit-learn {sklearn.__version__}, NumPy {np.__version__}',
}
if isinstance(model, TorchLogistic):
    measured['version'] = 'PyTorch ' + model.torch.__version__
    measured['objective'] = model.objective
    measured['evaluations'] = model.evaluations
if type(model) is LogisticRegression:
    scores = train.astype(np.float64) @ model.coef_.T.astype(np.float64) + model.intercept_
    if scores.shape[1] == 1:
        # Two classes have one row of weights: the loss of -scores and 0.
        scores = np.concatenate([np.zeros_like(scores), scores], axis=1)
    largest = scores.max(axis=1)
    sums = np.log(np.exp(scores - largest[:, None]).sum(axis=1)) + largest
    loss = (sums - scores[np.arange(len(train)), np.searchsorted(model.classes_, train_labels)]).sum()
    measured['objective'] = float(model.C * loss + (model.coef_.astype(np.float64) ** 2).sum() / 2)
if isinstance(model, LinearSVC):
    scores = train.astype(np.float64) @ model.coef_.T + model.intercept_
    sides = np.where(train_labels[:, None] == model.classes_, 1, -1)[:, -len(model.coef_):]
    hinges = np.maximum(0, 1 - sides * scores)
    measured['objective'] = float(model.C * (hinges ** 2).sum()
                                  + ((model.coef_ ** 2).sum() + (model.intercept_ ** 2).sum()) / 2)
print(json.dumps(measured))

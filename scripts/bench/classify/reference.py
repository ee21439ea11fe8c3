"""One estimator of scikit-learn on the bench's files: fits, predicts, and writes what it measured to stdout as JSON.

Usage: reference.py FOLDER ESTIMATOR THREADS
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
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC, LinearSVC

folder, estimator, threads = sys.argv[1:4]
labels = json.load(open(folder + '/labels.json'))
train, test = np.load(folder + '/train.npy'), np.load(folder + '/test.npy')
train_labels, test_labels = np.array(labels['train']), np.array(labels['test'])
known = {'SVC': SVC, 'LinearSVC': LinearSVC, 'RandomForestClassifier': RandomForestClassifier,
         'LogisticRegression': LogisticRegression, 'THREADS': int(threads)}
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
    'version': 'scikit-learn ' + sklearn.__version__,
}
if isinstance(model, LogisticRegression):
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

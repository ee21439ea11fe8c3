"""Runs cleanlab on the bench's rows; prints the quality of every label and the sorted issues as JSON, from cleanlab's
own pipeline, and from given out-of-fold probabilities.

Usage: labels.py FOLDER THREADS    FOLDER has x.npy, given.npy and labels.json {"labels": [...], "C": 0.1, "seed": 0}
"""
import json
import sys
import time
import warnings

import numpy as np
import sklearn
from cleanlab import __version__
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

folder, threads = sys.argv[1], int(sys.argv[2])
given = json.load(open(folder + '/labels.json'))
x, y = np.load(folder + '/x.npy'), np.array(given['labels'])
warnings.simplefilter('ignore')

started = time.perf_counter()
folds = StratifiedKFold(5, shuffle=True, random_state=given['seed'])
head = LogisticRegression(C=given['C'], max_iter=1000)
probabilities = cross_val_predict(head, x, y, cv=folds, method='predict_proba', n_jobs=threads)


def issues(of, rule):
    return find_label_issues(y, of, filter_by=rule, return_indices_ranked_by='self_confidence', n_jobs=1).tolist()


found = {rule: issues(probabilities, rule) for rule in ('confident_learning', 'prune_by_noise_rate')}
seconds = time.perf_counter() - started
handed = np.load(folder + '/given.npy')
print(json.dumps({
    'version': f'cleanlab {__version__}, scikit-learn {sklearn.__version__}',
    'seconds': seconds,
    'quality': get_label_quality_scores(y, probabilities, method='self_confidence').tolist(),
    'issues': found,
    'handed': {
        'quality': get_label_quality_scores(y, handed, method='self_confidence').tolist(),
        'issues': issues(handed, 'prune_by_noise_rate'),
    },
}))

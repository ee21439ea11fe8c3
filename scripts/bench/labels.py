"""cleanlab's own pipeline on the bench's rows: a line of JSON with the quality of every label and the issues in order.

Usage: labels.py FOLDER THREADS        FOLDER holds x.npy and labels.json {"labels": [...], "C": 0.1, "seed": 0}
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
issues = {
    rule: find_label_issues(y, probabilities, filter_by=rule, return_indices_ranked_by='self_confidence', n_jobs=1).tolist()
    for rule in ('confident_learning', 'prune_by_noise_rate')
}
seconds = time.perf_counter() - started
print(json.dumps({
    'version': f'cleanlab {__version__}, scikit-learn {sklearn.__version__}',
    'seconds': seconds,
    'quality': get_label_quality_scores(y, probabilities, method='self_confidence').tolist(),
    'issues': issues,
}))

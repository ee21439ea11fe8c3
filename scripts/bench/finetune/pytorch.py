"""Fine-tunes the last blocks of a ResNet in PyTorch on cached maps; prints seconds per epoch and accuracies as JSON.

Usage: pytorch.py FILE     FILE is JSON: shards [[path, rows]...], weights, architecture, tap, train, test (rows of the
                           shards), labels by row, classes, and the recipe
"""
import json
import math
import sys
import time

import numpy as np
import sklearn
import torch
import torch.nn.functional as F
import torchvision
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression

given = json.load(open(sys.argv[1]))
torch.set_num_threads(given['threads'])
torch.manual_seed(given['seed'])
shards = [np.load(path, mmap_mode='r') for path, _ in given['shards']]
starts = np.cumsum([0] + [rows for _, rows in given['shards']])
labels = torch.tensor(given['labels'])


def maps_of(rows):
    out = np.empty((len(rows), *shards[0].shape[1:]), np.float32)
    for i, row in enumerate(rows):
        shard = int(np.searchsorted(starts, row, 'right')) - 1
        out[i] = shards[shard][row - starts[shard]]
    return torch.from_numpy(out.reshape(len(rows), *given['mapShape']))


network = getattr(torchvision.models, given['architecture'])()
path = given['weights']
loaded = load_file(path) if path.endswith('.safetensors') else torch.load(path, map_location='cpu', weights_only=True)
network.load_state_dict({n: t.float() if t.is_floating_point() else t for n, t in loaded.items()}, strict=False)
blocks = [(f'{layer}.{i}', block) for layer in ('layer1', 'layer2', 'layer3', 'layer4') for i, block in enumerate(getattr(network, layer))]


def blocks_behind(name):
    """Blocks of a layer after its last cached one."""
    last = max(i for i, (own, _) in enumerate(blocks) if own == name or own.startswith(name + '.'))
    return [block for _, block in blocks[last + 1:]]


tail = torch.nn.Sequential(*blocks_behind(given['tap'])).eval()
first = {'tap': 0}.get(given['from'])
if first is None and '.' in given['from']:
    first = list(tail).index(dict(blocks)[given['from']])
elif first is None:
    first = len(tail) - len(blocks_behind(given['from']))
frozen, trained = tail[:first], tail[first:]


def features(rows):
    with torch.no_grad():
        return torch.cat([tail(maps_of(rows[i:i + 32])).mean((2, 3)) for i in range(0, len(rows), 32)])


train, test = given['train'], given['test']
# To the optimum, like featuretap: the default tol gives another class for one or two photos in a hundred.
head = LogisticRegression(C=given['C'], tol=1e-6, max_iter=5000).fit(features(train).numpy(), labels[train].numpy())
fc = torch.nn.Linear(head.coef_.shape[1], given['classes'])
with torch.no_grad():
    fc.weight.zero_(), fc.bias.fill_(-1e30)
    fc.weight[head.classes_] = torch.tensor(head.coef_, dtype=torch.float32)
    fc.bias[head.classes_] = torch.tensor(head.intercept_, dtype=torch.float32)


def accuracy():
    tail.eval()
    with torch.no_grad():
        return (fc(features(test)).argmax(1) == labels[test]).float().mean().item()


start = accuracy()
groups = []
for of, rate in ((trained, given['backboneLr']), (fc, given['lr'])):
    for decays in (False, True):
        own = [p for p in of.parameters() if (p.dim() > 1) == decays]
        groups.append({'params': own, 'lr': rate, 'weight_decay': given['weightDecay'] if decays else 0.0})
optimizer = torch.optim.SGD(groups, momentum=given['momentum']) if given['optimizer'] == 'sgd' else torch.optim.AdamW(groups)
steps = math.ceil(len(train) / given['batch'])
warmup, total = round(steps * given['warmup']), steps * given['epochs']
share = lambda step: (step + 1) / warmup if step < warmup else 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, share)
seconds, processor_seconds, losses = [], [], []
for epoch in range(given['epochs']):
    begun, processor_begun, loss_sum = time.perf_counter(), time.process_time(), 0.0
    order = torch.randperm(len(train))
    for step in range(steps):
        rows = [train[i] for i in order[step * len(train) // steps:(step + 1) * len(train) // steps]]
        optimizer.zero_grad()
        with torch.no_grad():
            maps = frozen(maps_of(rows))
        loss = F.cross_entropy(fc(trained(maps).mean((2, 3))), labels[rows], label_smoothing=given['labelSmoothing'])
        loss.backward()
        optimizer.step()
        schedule.step()
        loss_sum += loss.item() * len(rows)
    seconds.append(time.perf_counter() - begun)
    processor_seconds.append(time.process_time() - processor_begun)
    losses.append(loss_sum / len(train))
print(json.dumps({
    'version': f'PyTorch {torch.__version__}, scikit-learn {sklearn.__version__}',
    'linear': start, 'accuracy': accuracy(), 'epochSeconds': seconds,
    'processorSeconds': processor_seconds, 'losses': losses,
}))

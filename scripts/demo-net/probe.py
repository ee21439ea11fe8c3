"""Accuracy on classes without training images: logistic regression on the network's features of a few pictures."""
import torch

from scene import Artist, normalize


@torch.no_grad()
def features(model, families, chosen, per_class, seed, size, device):
    artist = Artist(families, size, device, seed)
    rows, labels = [], []
    for label, (family, variant) in enumerate(chosen):
        pictures, _ = artist.draw(torch.full((per_class,), family), torch.full((per_class,), variant))
        rows.append(model(normalize(pictures)).float())
        labels += [label] * per_class
    return torch.cat(rows), torch.tensor(labels, device=device)


def probe(model, families, chosen, device, size, per_class=30, penalty=1e-2):
    """Accuracy on `per_class` pictures of each class, after training on as many others."""
    model.eval()
    train, labels = features(model, families, chosen, per_class, 101, size, device)
    test, truth = features(model, families, chosen, per_class, 202, size, device)
    mean, std = train.mean(0), train.std(0).clamp_min(1e-6)
    train, test = (train - mean) / std, (test - mean) / std
    weight = torch.zeros(len(chosen), train.shape[1], device=device, requires_grad=True)
    bias = torch.zeros(len(chosen), device=device, requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=100, line_search_fn="strong_wolfe")

    def loss():
        solver.zero_grad()
        value = torch.nn.functional.cross_entropy(train @ weight.T + bias, labels) + penalty / 2 * (weight**2).sum() / len(chosen)
        value.backward()
        return value

    solver.step(loss)
    return ((test @ weight.T + bias).argmax(1) == truth).float().mean().item()

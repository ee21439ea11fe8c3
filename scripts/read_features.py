#!/usr/bin/env python3
"""Reads a feature set of featuretap with NumPy alone, or as a pandas table.

    python3 scripts/read_features.py cache/dogs

As a module:

    from read_features import read_features, read_labels
    features = read_features("cache/dogs")      # .x [images, dims], .ids, .rows
    x, y, ids = read_labels("cache/dogs")       # one row per labelled image, including exact duplicates
    X, y, ids, table = read("cache/dogs")       # and as a pandas table: id, label, f0, f1 …
"""
import csv
import json
import sys
from collections import namedtuple
from pathlib import Path

import numpy as np

Features = namedtuple("Features", "x ids paths rows")


def read_features(folder, mmap=False):
    """The row of each image without augmentation, in the order of index.csv: [images, *row shape], float32 or float16.

    index.csv maps images to rows of the shards: rows of deleted images stay in the shards until
    `featuretap extract --prune`, and with views a last column numbers the rows of an image (0 is without augmentation).
    """
    folder = Path(folder)
    shards = _shards(folder, mmap)
    lines = [line for line in _read_csv(folder / "index.csv") if line.get("view", "0") == "0"]
    rows = np.array([int(line["row"]) for line in lines], dtype=np.int64)
    return Features(
        x=_take(shards, rows), ids=[line["id"] for line in lines], paths=[line["path"] for line in lines], rows=rows
    )


def read_labels(folder, mmap=False):
    """Features, labels and ids of every labelled image that has a row, in the order of labels.csv."""
    folder = Path(folder)
    row_of = {line["id"]: int(line["row"]) for line in _read_csv(folder / "index.csv") if line.get("view", "0") == "0"}
    # An exact duplicate has no row of its own: outcomes.csv names the one that it shares.
    for line in _read_csv(folder / "outcomes.csv"):
        if line["outcome"] == "duplicate":
            row_of[line["id"]] = int(line["row"])
    known = [(line["id"], line["label"]) for line in _read_csv(folder / "labels.csv") if line["id"] in row_of]
    ids = [image for image, _ in known]
    rows = np.array([row_of[image] for image in ids], dtype=np.int64)
    return _take(_shards(folder, mmap), rows), np.array([label for _, label in known]), ids

def read(folder):
    """X, y, ids and a pandas table of every labelled image: `X, y, ids, table = read("cache/dogs")`.

    The table has the columns id and label, then f0 … for the features; whole maps are flattened.
    """
    import pandas as pd  # only needed here

    x, y, ids = read_labels(folder)
    flat = x.reshape(len(x), -1)
    columns = pd.DataFrame(flat, columns=[f"f{c}" for c in range(flat.shape[1])])
    return x, y, ids, pd.concat([pd.DataFrame({"id": ids, "label": y}), columns], axis=1)


def _shards(folder, mmap):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    if manifest["formatVersion"] != 1:
        raise SystemExit(f"{folder}: format version {manifest['formatVersion']}, and this script reads version 1")
    return [np.load(folder / shard["file"], mmap_mode="r" if mmap else None) for shard in manifest["shards"]]


def _take(shards, rows):
    starts = np.cumsum([0] + [len(shard) for shard in shards])
    x = np.empty((len(rows), *shards[0].shape[1:]), dtype=shards[0].dtype)
    for start, shard in zip(starts, shards):
        here = (rows >= start) & (rows < start + len(shard))
        x[here] = shard[rows[here] - start]
    return x


def _read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python3 scripts/read_features.py cache/NAME")
    features = read_features(sys.argv[1])
    x, y, ids = read_labels(sys.argv[1])
    print(f"features: {features.x.shape} {features.x.dtype}, first image {features.ids[0]} ({features.paths[0]})")
    print(f"labelled: {x.shape[0]} images of {len(set(y))} classes")
    print(f"mean {features.x.mean(dtype=np.float64):.6f}, largest {features.x.max():.6f}")

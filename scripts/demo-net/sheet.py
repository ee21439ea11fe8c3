"""Draws one object of each class of the training set: python sheet.py FILE.png [--bare: the pattern alone]."""
import sys

import torch
from PIL import Image

from classes import all_families
from scene import Artist

families = list(all_families())
chosen = [(f, i) for f, each in enumerate(families) for i in range(len(each.variants))]
artist = Artist(families, 112, "cpu", 1)
family, variant = torch.tensor(chosen).T
if "--bare" in sys.argv:
    artist.outline = lambda n, dx, dy, hard: torch.ones_like(dx)
    artist.clutter = lambda n, picture, hard: picture
pictures = torch.cat([artist.draw(f, v)[0] for f, v in zip(family.split(64), variant.split(64))])
columns = 22
rows = -(-len(pictures) // columns)
sheet = torch.ones(3, rows * 114, columns * 114)
for k, picture in enumerate(pictures):
    y, x = k // columns * 114, k % columns * 114
    sheet[:, y : y + 112, x : x + 112] = picture
Image.fromarray((sheet * 255).byte().permute(1, 2, 0).numpy()).save(sys.argv[1])
print(len(chosen), "classes of", len(families), "families,", sum(len(f.held_out) for f in families), "held out")

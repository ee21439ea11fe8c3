"""The list of classes: for each family its function, the parameters of its variants, and their use in training."""
import itertools
from dataclasses import dataclass, field

import numpy as np
import torch

import patterns as p


@dataclass
class Family:
    name: str
    function: object
    variants: list  # of (name, {parameter: number or (low, high)})
    repeat: tuple = (10, 40)  # pixels of one repeat in a picture of 96, drawn uniformly in its logarithm
    lattice: bool = True  # whether the pattern may begin anywhere; else it has a centre
    table: torch.Tensor = None
    # Variants without training images: the probe's classes.
    held_out: set = field(default_factory=set)


def product(**options):
    """Every combination of the options' named values."""
    for combination in itertools.product(*(values.items() for values in options.values())):
        names = [name for name, _ in combination if name]
        yield "-".join(names) or "plain", {k: v for (_, values) in combination for k, v in values.items()}


def motifs(name, function, table, extra, looks, held_out, **kwargs):
    variants, rows = [], []
    for motif, points in table.items():
        for look, values in looks.items():
            variants.append((f"{motif}-{look}", {**extra, **values}))
            rows.append(points)
    held = {i for i, (variant, _) in enumerate(variants) if variant.rsplit("-", 1)[0] in held_out}
    return Family(name, function, variants, table=torch.tensor(np.array(rows), dtype=torch.float32), held_out=held, **kwargs)


def family(name, function, variants, held_out=(), **kwargs):
    variants = list(variants)
    unknown = set(held_out) - {variant for variant, _ in variants}
    assert not unknown, unknown
    held = {i for i, (variant, _) in enumerate(variants) if variant in held_out}
    return Family(name, function, variants, held_out=held, **kwargs)


CELL = dict(stagger=0, shake=0, tumble=0, lean=0, filled=1)
# Rows are not staggered, because quadrangles would resemble bricks.
IN_ROWS = {**CELL, "shake": (0, 0.3)}
TUMBLED = {**CELL, "shake": 1, "tumble": 1, "filled": (0.7, 1), "stagger": (0, 0.5)}


def all_families():
    yield motifs(
        "motif", p.motif, p.POLYGONS, dict(size=(0.34, 0.46)),
        dict(rows=IN_ROWS, tumbled=TUMBLED),
        held_out={"zed", "el", "heart", "arrow", "crescent"}, repeat=(14, 48),
    )
    yield motifs(
        "glyph", p.glyph, p.GLYPHS, dict(size=(0.36, 0.46), thick=(0.12, 0.24)),
        dict(rows=IN_ROWS), held_out=set(list(p.GLYPHS)[:2]), repeat=(16, 52),
    )
    yield family("voronoi", p.voronoi, [
        (name, {**values, "shake": (0.55, 1)}) for name, values in product(
            look={"borders": dict(look=0, thick=(0.04, 0.12)), "slopes": dict(look=1, thick=0.1), "tones": dict(look=2, thick=0.1)},
            metric={"round": dict(metric=0), "diamond": dict(metric=1), "square": dict(metric=2)},
        ) if name != "slopes-round"  # would be soft discs
    ], repeat=(9, 36), held_out={"borders-diamond", "tones-round"})
    yield family("hexagons", p.hexagons, [
        ("walls", dict(look=0, thick=(0.06, 0.14))),
        ("three-tones", dict(look=1, thick=0)), ("random-tones", dict(look=2, thick=0)),
    ], repeat=(9, 34), held_out={"walls"})
    yield family("grid", p.grid, [
        (name, values) for name, values in product(
            thick={"thin": dict(thick=(0.05, 0.09)), "thick": dict(thick=(0.16, 0.24))},
            crossing={"square": dict(crossing=1.5708), "slant": dict(crossing=(0.8, 1.1))},
            dash={"": dict(dash=2), "dashed": dict(dash=(0.45, 0.65))},
        ) if name not in ("thick-square-dashed", "thick-slant-dashed")  # would resemble a checkerboard
    ], repeat=(10, 36))
    yield family("tartan", p.tartan, [
        (f"sett-{k}", dict(sett=k * 31 + 5, bands=6 + k)) for k in range(3)
    ], repeat=(30, 70), held_out={"sett-2"})
    yield family("weave", p.weave, product(
        # A plain weave would resemble a checkerboard.
        kind={"twill-3": dict(step=1, period=3, over=1), "twill-4": dict(step=1, period=4, over=2), "satin-5": dict(step=2, period=5, over=1)},
        thick={"close": dict(thick=(0.44, 0.5)), "open": dict(thick=(0.26, 0.34))},
    ), repeat=(12, 40), held_out={"twill-4-close"})
    yield family("basket", p.basket, [
        (f"bars-{k}", dict(bars=k, thick=(0.03, 0.06))) for k in (2, 3, 4)
    ], repeat=(16, 44))
    yield family("truchet", p.truchet, [
        ("arcs-thin", dict(look=0, thick=(0.05, 0.1))), ("arcs-thick", dict(look=0, thick=(0.16, 0.24))),
        ("maze-thin", dict(look=1, thick=(0.05, 0.1))), ("maze-thick", dict(look=1, thick=(0.16, 0.24))),
    ], repeat=(9, 34), held_out={"arcs-thick"})
    yield family("spiral", p.spiral, [
        (f"arms-{arms}", dict(arms=arms, tight=(1.5, 2.5), hand=(-1, 1), duty=(0.35, 0.6))) for arms in (4, 6, 9)
    ], repeat=(10, 26), lattice=False, held_out={"arms-6"})
    yield family("spokes", p.spokes, [
        *((f"straight-{arms}", dict(arms=arms, bend=0, duty=(0.35, 0.6))) for arms in (6, 9, 16)),
        *((f"bent-{arms}", dict(arms=arms, bend=(0.8, 1.4), duty=(0.35, 0.6))) for arms in (7, 14)),
    ], repeat=(9, 30), lattice=False, held_out={"straight-9"})
    narrow, wide, fibres = dict(bandwidth=(0.1, 0.16), stretch=1), dict(bandwidth=(0.35, 0.5), stretch=1), dict(bandwidth=(0.35, 0.5), stretch=(3, 5))
    hills, veins = dict(look=0, thick=1), dict(look=1, level=0, thick=(0.25, 0.4))
    yield family("noise", p.noise, [
        ("labyrinth", {**narrow, **hills, "level": 0}), ("coarse", {**wide, **hills, "level": 0}),
        ("coarse-fibres", {**fibres, **hills, "level": 0}), ("patches-fibres", {**fibres, **hills, "level": (0.6, 0.9)}), ("veins-narrow", {**narrow, **veins}),
        ("veins-wide", {**wide, **veins}), ("veins-fibres", {**fibres, **veins}),
        ("fur", {**fibres, "look": 2, "level": 0, "thick": 1}),
    ], repeat=(5, 22), held_out={"veins-narrow", "patches-fibres"})
    yield family("scratches", p.scratches, [
        (name, {**values, "thick": (0.05, 0.11)}) for name, values in product(
            lies={"anyhow": dict(lies=0), "one-way": dict(lies=1), "crossed": dict(lies=2)},
            length={"short": dict(length=(0.12, 0.2), bend=0), "long": dict(length=(0.4, 0.5), bend=0), "bent": dict(length=(0.4, 0.5), bend=(0.9, 1.3))},
        ) if name != "one-way-bent"  # arcs in rows would resemble scales
    ], repeat=(9, 34), held_out={"crossed-short", "anyhow-bent"})
    yield family("mosaic", p.mosaic, [
        ("tones", dict(split=0, stretch=1, levels=0)), ("black-white", dict(split=0, stretch=1, levels=2)),
        ("split", dict(split=0.5, stretch=1, levels=0)), ("split-black-white", dict(split=0.5, stretch=1, levels=2)),
        ("tall-black-white", dict(split=0, stretch=(2.5, 3.5), levels=2)),
    ], repeat=(6, 26), held_out={"split"})
    yield family("bits", p.bits, [(name, dict(look=k)) for k, name in enumerate(("xor", "and"))], repeat=(14, 44))
    yield family("curves", p.curves, [
        (name, dict(look=k, duty=(0.35, 0.6))) for k, name in enumerate(("saddle", "fold"))
    ], repeat=(9, 26), lattice=False)


def split_classes(families):
    """(family number, variant) of every training class, and of every probe class."""
    trained = [(f, i) for f, each in enumerate(families) for i in range(len(each.variants)) if i not in each.held_out]
    probed = [(f, i) for f, each in enumerate(families) for i in sorted(each.held_out)]
    return trained, probed

"""Motifs of the training set's patterns as polygons and polylines, in a cell of side 1 around the origin."""
import math
import random

import numpy as np

# Vertices of every polygon: all are padded to this number, so that one loop over edges draws any of them.
MOST_VERTICES = 24
# Strokes of a glyph.
STROKES = 4


def regular(sides, turn=0.0):
    return [
        (math.cos(2 * math.pi * k / sides + turn), math.sin(2 * math.pi * k / sides + turn)) for k in range(sides)
    ]


def curve(radius, points=MOST_VERTICES):
    angles = [2 * math.pi * k / points for k in range(points)]
    return [(radius(a) * math.cos(a), radius(a) * math.sin(a)) for a in angles]


def arc(radius, start, end, points):
    angles = np.linspace(start, end, points)
    return [(radius * math.cos(a), radius * math.sin(a)) for a in angles]


def petals(count, depth):
    return curve(lambda a: 1 - depth + depth * math.cos(count * a))


def moved(points, dx, dy):
    return [(x + dx, y + dy) for x, y in points]


def heart():
    points = []
    for k in range(MOST_VERTICES):
        a = 2 * math.pi * k / MOST_VERTICES
        points.append((16 * math.sin(a) ** 3, 13 * math.cos(a) - 5 * math.cos(2 * a) - 2 * math.cos(3 * a)))
    return points


def blocks(*rows):
    """The outline of unit squares in rows of one run each: (first column, end column) from the top."""
    right = [point for y, (_, end) in enumerate(rows) for point in ((end, y), (end, y + 1))]
    left = [point for y, (first, _) in reversed(list(enumerate(rows))) for point in ((first, y + 1), (first, y))]
    return right + left


def polygons():
    """Polygons [MOST_VERTICES, 2] by name: centred, and within a circle of radius 1."""
    named = {
        "square": regular(4, math.pi / 4),
        "dash": [(-1, -0.2), (1, -0.2), (1, 0.2), (-1, 0.2)],
        "rhombus": [(-1, 0), (0, -0.5), (1, 0), (0, 0.5)],
        "trapezoid": [(-1, 0.5), (-0.45, -0.5), (0.45, -0.5), (1, 0.5)],
        "parallelogram": [(-1, 0.4), (-0.3, -0.4), (1, -0.4), (0.3, 0.4)],
        "plus": blocks((1, 2), (0, 3), (1, 2)),
        "el": blocks((0, 1), (0, 1), (0, 3)),
        "tee": blocks((0, 3), (1, 2), (1, 2)),
        "zed": blocks((0, 2), (1, 3)),
        "aitch": [(0, 0), (1, 0), (1, 1), (2, 1), (2, 0), (3, 0), (3, 3), (2, 3), (2, 2), (1, 2), (1, 3), (0, 3)],
        "you": [(0, 0), (1, 0), (1, 2), (2, 2), (2, 0), (3, 0), (3, 3), (0, 3)],
        "arrow": [(0, 1), (2, 1), (2, 0), (4, 1.5), (2, 3), (2, 2), (0, 2)],
        "chevron-mark": [(0, 0), (2, 1.2), (4, 0), (4, 1.2), (2, 2.4), (0, 1.2)],
        "flag": [(0, 0), (3, 0), (2.2, 0.9), (3, 1.8), (0, 1.8)],
        "house": [(0, 1), (1.2, 0), (2.4, 1), (2.4, 2.4), (0, 2.4)],
        "bolt": [(1.2, 0), (0, 2), (1, 2), (0.6, 3.4), (2, 1.3), (1, 1.3), (1.8, 0)],
        "half-moon": arc(1, 0, math.pi, MOST_VERTICES),
        "crescent": arc(1, 0.9, 2 * math.pi - 0.9, 14) + moved(arc(0.78, 2 * math.pi - 1.55, 1.55, 10), 0.6, 0),
        "see": arc(1, 0.8, 2 * math.pi - 0.8, 12) + arc(0.55, 2 * math.pi - 0.8, 0.8, 12),
        "lens": moved(arc(1, 0.75, math.pi - 0.75, 12), 0, -0.68) + moved(arc(1, math.pi + 0.75, 2 * math.pi - 0.75, 12), 0, 0.68),
        "drop": curve(lambda a: 0.55 + 0.45 * max(0.0, math.cos(a)) ** 6),
        "heart": heart(),
        "petals-3": petals(3, 0.4),
        "petals-4": petals(4, 0.4),
        "keyhole": arc(0.62, math.pi / 2 + 0.4, 2.5 * math.pi - 0.4, 16) + [(0.5, 1.4), (-0.5, 1.4)],
    }
    return {name: fill_up(np.array(points, float)) for name, points in named.items()}


def fill_up(points):
    points = points - (points.min(0) + points.max(0)) / 2
    points = points / np.hypot(points[:, 0], points[:, 1]).max()
    return np.concatenate([points, np.repeat(points[-1:], MOST_VERTICES - len(points), 0)])


def gap(ends, i, j):
    """The smallest distance between the strokes i and j."""
    along = np.linspace(0, 1, 21)[:, None]
    one, other = (ends[k] + (ends[k + 1] - ends[k]) * along for k in (i, j))
    return np.hypot(*(one[:, None] - other[None]).transpose(2, 0, 1)).min()


def glyphs(count, seed):
    """`count` different polylines of four strokes on a 3 x 3 grid that do not touch themselves."""
    draw = random.Random(seed)
    places = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    found = {}
    while len(found) < count:
        path = tuple(draw.sample(range(9), STROKES + 1))
        ends = np.array([places[i] for i in path], float)
        strokes = np.diff(ends, axis=0)
        # Straight on or back along itself would be another, shorter line.
        bends = strokes[:-1, 0] * strokes[1:, 1] - strokes[:-1, 1] * strokes[1:, 0]
        # Strokes are apart unless one follows the other: nothing closed, no star.
        if (bends == 0).any() or any(gap(ends, i, j) < 0.7 for i in range(STROKES) for j in range(i + 2, STROKES)):
            continue
        # A zigzag: a row of them would be a wavy band.
        if any((np.sign(strokes[:, axis]) * way >= 0).all() for axis in (0, 1) for way in (1, -1)):
            continue
        if path[::-1] not in found:
            found[path] = ends / math.sqrt(2)
    return {"glyph-" + "".join(str(i) for i in path): ends for path, ends in found.items()}

"""
The classes of demo-net's training set: families of patterns, whose variants are one class each.

A family's function takes coordinates u, v [n, size, size] in repeats of the pattern around the object's centre, and a
`Draw`; it returns the share of the second colour of each pixel, 0 to 1. None of them draws the demo's ten classes
(scripts/demo/textures.ts): parallel stripes, discs, checkerboards, bricks, concentric rings, wavy bands, clouds of
value noise, scales, triangles, stars. `python train.py --list` prints every class.
"""
import math
from dataclasses import dataclass

import torch

from fields import band_noise, cells, edge, rotate, uniform
from outlines import glyphs, polygons


@dataclass
class Draw:
    """A group of images of one family."""

    pixels: torch.Tensor  # [n, 1, 1]: of one repeat
    angle: torch.Tensor  # [n, 1, 1]: of the pattern, radians
    seed: torch.Tensor  # [n, 1, 1]: integer
    variant: torch.Tensor  # [n]: index into the family's list of variants
    values: dict  # parameter name to [n, 1, 1]
    generator: torch.Generator

    def __getattr__(self, name):
        return self.values[name]


POLYGONS, GLYPHS = polygons(), glyphs(10, seed=20)


def motif_cell(u, v, d):
    """A motif per lattice cell, shifted, rotated or omitted. Returns coordinates in it, -1 to 1, and a mask."""
    column, row, x, y = cells(u, v, d.stagger)
    shake = d.shake * 0.22
    x = x - (uniform(column, row, d.seed, 1) - 0.5) * shake
    y = y - (uniform(column, row, d.seed, 2) - 0.5) * shake
    turn = d.tumble * (uniform(column, row, d.seed, 3) - 0.5) * 2 * math.pi
    x, y = rotate(x, y, turn + d.lean)
    size = d.size * (1 - d.shake * 0.3 * uniform(column, row, d.seed, 4))
    here = (uniform(column, row, d.seed, 5) < d.filled).float()
    return x / size, y / size, size, here


def motif(u, v, d):
    x, y, size, here = motif_cell(u, v, d)
    corners = d.table[d.variant]
    inside = torch.zeros_like(x, dtype=torch.bool)
    nearest = torch.full_like(x, 9.0)
    # Distance to a polygon's edges, with the sign by the crossing rule (I. Quilez, "2D distance functions").
    for k in range(corners.shape[1]):
        ax, ay = corners[:, k, 0, None, None], corners[:, k, 1, None, None]
        bx, by = corners[:, k - 1, 0, None, None], corners[:, k - 1, 1, None, None]
        ex, ey, wx, wy = bx - ax, by - ay, x - ax, y - ay
        t = ((wx * ex + wy * ey) / (ex * ex + ey * ey).clamp_min(1e-9)).clamp(0, 1)
        nearest = torch.minimum(nearest, (wx - ex * t) ** 2 + (wy - ey * t) ** 2)
        crosses = ((ay > y) != (by > y)) & (x < ex * (y - ay) / (ey + (ey == 0) * 1e-9) + ax)
        inside = inside ^ crosses
    distance = torch.sqrt(nearest) * torch.where(inside, -1.0, 1.0)
    return edge(distance * size, d.pixels) * here


def glyph(u, v, d):
    x, y, size, here = motif_cell(u, v, d)
    ends = d.table[d.variant]
    nearest = torch.full_like(x, 9.0)
    for k in range(1, ends.shape[1]):
        ax, ay = ends[:, k - 1, 0, None, None], ends[:, k - 1, 1, None, None]
        ex, ey = ends[:, k, 0, None, None] - ax, ends[:, k, 1, None, None] - ay
        t = (((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey)).clamp(0, 1)
        nearest = torch.minimum(nearest, (x - ax - ex * t) ** 2 + (y - ay - ey * t) ** 2)
    return edge((torch.sqrt(nearest) - d.thick) * size, d.pixels) * here


def voronoi(u, v, d):
    """Cells around scattered points: their borders, their slopes, or a constant tone each."""
    column, row, x, y = cells(u, v)
    first = torch.full_like(u, 9.0)
    second, tone = first.clone(), torch.zeros_like(u)
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            px = i + (uniform(column + i, row + j, d.seed, 1) - 0.5) * d.shake - x
            py = j + (uniform(column + i, row + j, d.seed, 2) - 0.5) * d.shake - y
            ax, ay = px.abs(), py.abs()
            far = torch.where(d.metric == 0, torch.sqrt(px**2 + py**2), torch.where(d.metric == 1, ax + ay, torch.maximum(ax, ay)))
            closer = far < first
            second = torch.where(closer, first, torch.minimum(second, far))
            tone = torch.where(closer, uniform(column + i, row + j, d.seed, 3), tone)
            first = torch.minimum(first, far)
    borders = edge(second - first - d.thick, d.pixels)
    slope = (first * 1.2).clamp(0, 1)
    return torch.where(d.look == 0, borders, torch.where(d.look == 1, slope, tone))


def hexagons(u, v, d):
    """A honeycomb: its walls, or its cells in tones."""
    q = u * 1.1547
    r = v - u * 0.57735
    x, z = q, r
    y = -x - z
    rx, ry, rz = torch.round(x), torch.round(y), torch.round(z)
    dx, dy, dz = (rx - x).abs(), (ry - y).abs(), (rz - z).abs()
    rx = torch.where((dx > dy) & (dx > dz), -ry - rz, rx)
    rz = torch.where((dz >= dx) & (dz >= dy), -rx - ry, rz)
    px, pz = x - rx, z - rz
    py = -px - pz
    inner = torch.maximum((px - py).abs(), torch.maximum((py - pz).abs(), (pz - px).abs()))
    walls = edge(1 - inner - d.thick, d.pixels * 0.6)
    tones = torch.remainder(rx - rz, 3) / 2
    random = uniform(rx, rz, d.seed)
    return torch.where(d.look == 0, walls, torch.where(d.look == 1, tones, random))


def grid(u, v, d):
    """Two sets of lines with gaps, the second at an angle to the first."""
    a, b = u, u * torch.cos(d.crossing) + v * torch.sin(d.crossing)
    one = edge((a - torch.round(a)).abs() - d.thick, d.pixels)
    other = edge((b - torch.round(b)).abs() - d.thick, d.pixels)
    broken = (torch.remainder(v * 2, 1) < d.dash).float(), (torch.remainder(u * 2, 1) < d.dash).float()
    return torch.maximum(one * broken[0], other * broken[1])


def tartan(u, v, d):
    """Crossed transparent bands of several tones, given by the sett."""
    across, down = (uniform(torch.floor(torch.remainder(at, 1) * d.bands), 0 * at, d.sett) for at in (u, v))
    return (across + down) / 2


def weave(u, v, d):
    """Threads over and under each other: twill, satin."""
    column, row, x, y = cells(u * 2, v * 2)
    over = torch.remainder(column * d.step + row, d.period) < d.over
    thread = torch.where(over, x, y).abs()
    along = torch.where(over, y, x).abs()
    shape = edge(thread - d.thick, d.pixels / 2)
    return shape * torch.where(over, 1 - 0.5 * along, 0.35 + 0.5 * along)


def basket(u, v, d):
    """Blocks of short bars, alternately across and along (parquet)."""
    column, row, x, y = cells(u, v)
    lies = torch.remainder(column + row, 2) < 1
    at = torch.where(lies, x, y)
    bar = torch.remainder((at + 0.5) * d.bars, 1) - 0.5
    gap = edge(0.5 - bar.abs() - d.thick * d.bars, d.pixels / d.bars)
    end = edge(0.5 - torch.where(lies, y, x).abs() - d.thick, d.pixels)
    return 1 - torch.maximum(gap, end)


def truchet(u, v, d):
    """Tiles of two quarter arcs, or of one diagonal, with random rotations."""
    column, row, x, y = cells(u, v)
    x = torch.where(uniform(column, row, d.seed) < 0.5, -x, x)
    near = torch.where(x + y > 0, 1.0, -1.0) * 0.5
    arcs = (torch.hypot(x - near, y - near) - 0.5).abs()
    lines = (x - y).abs() / 1.41421
    return edge(torch.where(d.look == 0, arcs, lines) - d.thick, d.pixels)


def spiral(u, v, d):
    """Arms whose distance grows with the radius."""
    radius = torch.hypot(u, v).clamp_min(1e-3)
    angle = torch.atan2(v, u) / (2 * math.pi)
    phase = torch.remainder(d.tight * torch.log(radius) + angle * d.arms * torch.sign(d.hand), 1)
    slope = (d.tight + d.arms * 0.16) / radius
    return edge(((phase - 0.5).abs() - d.duty / 2) / slope, d.pixels)


def spokes(u, v, d):
    radius = torch.hypot(u, v).clamp_min(1e-3)
    angle = torch.atan2(v, u) / (2 * math.pi) + d.bend * radius * 0.08
    phase = torch.remainder(angle * d.arms, 1)
    return edge(((phase - 0.5).abs() - d.duty / 2) * radius * 6.28 / d.arms, d.pixels)


def noise(u, v, d):
    """Noise of one scale: its hills, its borders, or unchanged."""
    field = band_noise(u.shape[0], u.shape[1], 1 / d.pixels, d.bandwidth, d.stretch, d.angle, d.generator, u.device)
    hills = ((field - d.level) * 3 + 0.5).clamp(0, 1)
    veins = (1 - (field.abs() / d.thick)).clamp(0, 1)
    grain = (field * 0.3 + 0.5).clamp(0, 1)
    return torch.where(d.look == 0, hills, torch.where(d.look == 1, veins, grain))


def scratches(u, v, d):
    """Straight or bent strokes at scattered positions, in random, similar, or two directions."""
    column, row, x, y = cells(u, v)
    nearest = torch.full_like(u, 9.0)
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            at = column + i, row + j
            px = x - i - (uniform(*at, d.seed, 1) - 0.5) * 0.8
            py = y - j - (uniform(*at, d.seed, 2) - 0.5) * 0.8
            free = uniform(*at, d.seed, 3)
            turn = torch.where(d.lies == 2, torch.round(free) * 0.5, torch.where(d.lies == 1, free * 0.12, free)) * math.pi
            px, py = rotate(px, py, turn)
            py = py - d.bend * px**2
            nearest = torch.minimum(nearest, torch.hypot((px.abs() - d.length).clamp_min(0), py))
    return edge(nearest - d.thick, d.pixels)


def mosaic(u, v, d):
    """Squares in random tones, of one size, or some of them split into four, or stretched."""
    column, row, x, y = cells(u * d.stretch, v)
    split = uniform(column, row, d.seed, 1) < d.split
    fine = torch.floor((x + 0.5) * 2) + column * 2, torch.floor((y + 0.5) * 2) + row * 2
    tone = torch.where(split, uniform(*fine, d.seed, 2), uniform(column, row, d.seed, 3))
    return torch.where(d.levels > 0, torch.floor(tone * d.levels) / (d.levels - 1).clamp_min(1), tone)


def bits(u, v, d):
    """Tables of two integers: multiples of 5 by their exclusive or, of 3 by their and."""
    a, b = torch.floor(u * 4 + 512).long(), torch.floor(v * 4 + 512).long()
    xor, both = torch.bitwise_xor(a, b), torch.bitwise_and(a, b)
    return torch.where(d.look == 0, torch.remainder(xor, 5) == 0, torch.remainder(both, 3) == 0).float()


def curves(u, v, d):
    """Bands between level lines of a saddle, and of a cubic with a fold."""
    height = torch.where(d.look == 0, u * v * 0.8, u**3 * 0.06 - u * v * 0.4)
    slope = 0.4 + 0.5 * torch.hypot(u, v)
    return edge(((torch.remainder(height, 1) - 0.5).abs() - d.duty / 2) / slope, d.pixels * 0.7)


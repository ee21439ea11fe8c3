"""Pictures of patterned objects with random outline, colours, pose, light, clutter, blur and grain, in batches."""
import math

import torch

from fields import rotate, soft_blotches
from patterns import Draw

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HUES = 12


class Artist:
    def __init__(self, families, size, device, seed):
        self.families, self.size, self.device = families, size, device
        self.generator = torch.Generator(device=device).manual_seed(seed)
        axis = torch.arange(size, device=device) + 0.5
        self.x, self.y = axis[None, None, :].expand(1, size, size), axis[None, :, None].expand(1, size, size)
        self.ranges = []
        for each in families:
            names = sorted({name for _, values in each.variants for name in values})
            limits = [[v if isinstance(v, tuple) else (v, v) for v in (values[name] for name in names)] for _, values in each.variants]
            self.ranges.append((names, torch.tensor(limits, dtype=torch.float32, device=device)))
            if each.table is not None:
                each.table = each.table.to(device)

    def uniform(self, n, low=0.0, high=1.0):
        return low + (high - low) * torch.rand(n, 1, 1, generator=self.generator, device=self.device)

    def chance(self, n, share):
        return self.uniform(n) < share

    def draw(self, family, variant, hard=1.0):
        """
        family, variant: [n] integers on the CPU; hard: from 0 (the pattern alone) to 1. Returns pixels
        [n, 3, size, size] in [0, 1], and the index [n] of the first ink's hue among HUES parts of the colour circle.
        """
        n, size = len(family), self.size
        middle_x, middle_y = self.uniform(n, 0.3, 0.7) * size, self.uniform(n, 0.3, 0.7) * size
        dx, dy = self.x - middle_x, self.y - middle_y
        pattern = self.pattern(family, variant, dx, dy)

        hue = self.uniform(n)
        # Mostly a lighter saturated ink, and a darker and duller one for the pattern on it.
        ink_a = self.colour(hue, self.uniform(n, 0.3, 1), self.uniform(n, 0.35, 1))
        ink_b = self.colour(hue + self.uniform(n, 0.2, 0.8), self.uniform(n, 0, 0.8), self.uniform(n, 0.05, 0.7))
        swap = self.chance(n, 0.25)
        pattern = torch.where(swap, 1 - pattern, pattern)
        ground = self.ground(n, pattern)
        inside = self.outline(n, dx, dy, hard)
        ink_b = self.apart(ink_a, ink_b)
        thing = ink_a[..., None, None] + (ink_b - ink_a)[..., None, None] * pattern[:, None]
        picture = ground + (thing - ground) * inside[:, None]
        picture = self.clutter(n, picture, hard)
        picture = self.light(n, picture)
        picture = self.camera(n, picture, hard)
        hues = torch.remainder(torch.floor(hue.flatten() * HUES), HUES).long()
        return picture.clamp(0, 1), hues

    def pattern(self, family, variant, dx, dy):
        n = len(family)
        # Objects are approximately upright: rotations need not be learned.
        angle = self.uniform(n, -0.6, 0.6)
        low = torch.tensor([math.log(self.families[f].repeat[0]) for f in family], device=self.device)[:, None, None]
        high = torch.tensor([math.log(self.families[f].repeat[1]) for f in family], device=self.device)[:, None, None]
        pixels = torch.exp(low + (high - low) * self.uniform(n)) * self.size / 96
        # A tilt (perspective), then a slow bend, then a stretch.
        tilt = 1 + (dx * self.uniform(n, -0.2, 0.2) + dy * self.uniform(n, -0.2, 0.2)) / self.size
        u, v = rotate(dx / tilt / pixels, dy / tilt / pixels, angle)
        bend = self.uniform(n, 0, 0.12) * self.chance(n, 0.6)
        wave = self.uniform(n, 0.5, 2) * 2 * math.pi / self.size * pixels
        u = u + bend * torch.sin(v * wave + self.uniform(n, 0, 6.28))
        v = (v + bend * torch.sin(u * wave + self.uniform(n, 0, 6.28))) * torch.exp(self.uniform(n, -0.15, 0.15))
        offset = self.uniform(n, -40, 40), self.uniform(n, -40, 40)
        seeds = torch.randint(0, 2**30, (n, 1, 1), generator=self.generator, device=self.device)
        out = torch.empty_like(u)
        for f in sorted(set(family.tolist())):
            each, at = self.families[f], (family == f).nonzero().flatten().to(self.device)
            names, limits = self.ranges[f]
            chosen = variant.to(self.device)[at]
            span = limits[chosen]
            drawn = span[..., 0] + (span[..., 1] - span[..., 0]) * torch.rand(
                len(at), max(1, len(names)), generator=self.generator, device=self.device
            )[:, : len(names)]
            values = {name: drawn[:, k, None, None] for k, name in enumerate(names)}
            if each.table is not None:
                values["table"] = each.table
            draw = Draw(pixels[at], angle[at], seeds[at], chosen, values, self.generator)
            shift = each.lattice * 1.0
            out[at] = each.function(u[at] + shift * offset[0][at], v[at] + shift * offset[1][at], draw)
        return out

    def colour(self, hue, saturation, value):
        """Three values [n, 1, 1] to [n, 3]."""
        k = torch.cat([torch.remainder(c + hue * 6, 6) for c in (5, 3, 1)], 1)[..., 0]
        saturation, value = saturation[..., 0], value[..., 0]
        return value * (1 - saturation * torch.minimum(k, 4 - k).clamp(0, 1))

    def apart(self, a, b):
        """Moves the second ink away from the first one where the two are too similar."""
        weights = torch.tensor([0.3, 0.59, 0.11], device=self.device)
        light = (a * weights).sum(1, keepdim=True)
        close = ((a - b) * weights).sum(1, keepdim=True).abs() < 0.15
        moved = torch.where(light > 0.5, b * 0.35, b * 0.5 + 0.5)
        return torch.where(close, moved, b)

    def ground(self, n, pattern):
        a, b = (self.colour(self.uniform(n), self.uniform(n, 0, 0.6), self.uniform(n, 0.1, 0.95)) for _ in range(2))
        blotches = soft_blotches(n, self.size, self.generator, self.device)
        # Sometimes another picture's pattern, faintly.
        other = pattern.roll(1, 0)
        share = self.chance(n, 0.25) * self.uniform(n, 0.1, 0.5)
        mixed = blotches * (1 - share) + other * share
        return a[..., None, None] + (b - a)[..., None, None] * mixed[:, None]

    def outline(self, n, dx, dy, hard):
        """1 inside the object: a rounded box, a wobbly disc, or the whole picture."""
        size = self.size
        x, y = rotate(dx, dy, self.uniform(n, 0, 2 * math.pi))
        rx, ry = self.uniform(n, 0.32, 0.8) * size, self.uniform(n, 0.32, 0.8) * size
        power = self.uniform(n, 1.2, 7)
        box = (x.abs() / rx + 1e-6) ** power + (y.abs() / ry + 1e-6) ** power
        angle, radius = torch.atan2(y, x), torch.hypot(x / rx, y / ry)
        wobble = sum(self.uniform(n, 0, 0.16) * torch.cos(k * angle + self.uniform(n, 0, 6.28)) for k in (2, 3, 4, 5))
        distance = torch.where(self.chance(n, 0.5), box - 1, radius - 1 - wobble)
        inside = (0.5 - distance * 12).clamp(0, 1)
        return torch.where(self.chance(n, 1 - 0.8 * hard), torch.ones_like(inside), inside)

    def clutter(self, n, picture, hard):
        for _ in range(8):
            here = self.chance(n, 0.5 * hard)
            x, y = self.x - self.uniform(n) * self.size, self.y - self.uniform(n) * self.size
            x, y = rotate(x, y, self.uniform(n, 0, 6.28) * self.chance(n, 0.6))
            x, y = x / (self.uniform(n, 0.02, 0.14) * self.size), y / (self.uniform(n, 0.02, 0.14) * self.size)
            round_ = self.chance(n, 0.5)
            covers = torch.where(round_, torch.hypot(x, y), torch.maximum(x.abs(), y.abs())) < 1
            colour = torch.rand(n, 3, 1, 1, generator=self.generator, device=self.device) * 0.9 + 0.05
            picture = torch.where((covers & here)[:, None], colour, picture)
        return picture

    def light(self, n, picture):
        angle, strength = self.uniform(n, 0, 6.28), self.uniform(n, 0, 0.65)
        across = (torch.cos(angle) * (self.x / self.size - 0.5) + torch.sin(angle) * (self.y / self.size - 0.5)) * 2
        shade = self.uniform(n, 0.6, 1.2) + across * strength
        return (picture * shade[:, None]).clamp(0, 1)

    def camera(self, n, picture, hard):
        """Blur, then grain, mostly grey and slightly coloured."""
        blurred = torch.nn.functional.avg_pool2d(picture, 3, 1, 1, count_include_pad=False)
        picture = picture + (blurred - picture) * (self.uniform(n, 0, 1.1) * self.chance(n, 0.6))[:, None]
        strength = self.uniform(n, 0, 0.055 * hard)[:, None]
        grey = torch.randn(n, 1, self.size, self.size, generator=self.generator, device=self.device)
        coloured = torch.randn(picture.shape, generator=self.generator, device=self.device)
        return picture + (grey + 0.4 * coloured) * strength


def normalize(picture):
    mean = torch.tensor(MEAN, device=picture.device)[:, None, None]
    return (picture - mean) / torch.tensor(STD, device=picture.device)[:, None, None]

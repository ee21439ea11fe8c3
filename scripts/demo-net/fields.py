"""Building blocks of patterns: repeatable random numbers by position, antialiased edges, lattices, filtered noise."""
import math

import torch

MASK = 0xFFFFFFFF


def uniform(x, y, seed, which=0):
    """A number in [0, 1) for each integer position and seed, by an integer hash that is the same on every device."""
    h = (x.long() * 0x1B873593 + y.long() * 0x19D699A5 + (seed.long() + which * 7919) * 0x165667B1) & MASK
    h = ((h ^ (h >> 15)) * 0x2C1B3C6D) & MASK
    h = ((h ^ (h >> 12)) * 0x297A2D39) & MASK
    return (h ^ (h >> 15)).float() / 2**32


def edge(distance, pixels):
    """1 inside (distance < 0), 0 outside, with an edge of 1.5 pixels; `pixels` is the number of pixels per unit."""
    return (0.5 - distance * pixels * 0.7).clamp(0, 1)


def rotate(x, y, angle):
    c, s = torch.cos(angle), torch.sin(angle)
    return x * c + y * s, y * c - x * s


def cells(u, v, stagger=0.0):
    """Integer cell and offset from its centre, [-0.5, 0.5), for a lattice whose odd rows are shifted by `stagger`."""
    row = torch.floor(v)
    shifted = u + torch.remainder(row, 2) * stagger
    column = torch.floor(shifted)
    return column, row, shifted - column - 0.5, v - row - 0.5


def band_noise(n, size, frequency, bandwidth, stretch, angle, generator, device):
    """
    Noise of one scale, [n, size, size], standard deviation 1: white noise through a log-normal ring of frequencies.

    frequency: cycles per pixel; bandwidth: of its logarithm; stretch: ratio of length to width of its blobs.
    """
    white = torch.randn(n, size, size, generator=generator, device=device)
    fy = torch.fft.fftfreq(size, device=device)[None, :, None]
    fx = torch.fft.rfftfreq(size, device=device)[None, None, :]
    across, along = rotate(fx, fy, angle)
    radius = torch.sqrt(across**2 + (along * stretch) ** 2).clamp_min(1e-4)
    gain = torch.exp(-0.5 * (torch.log(radius / frequency) / bandwidth) ** 2)
    noise = torch.fft.irfft2(torch.fft.rfft2(white) * gain, s=(size, size))
    return noise / noise.std((1, 2), keepdim=True).clamp_min(1e-6)


def soft_blotches(n, size, generator, device):
    """A smooth field in [0, 1]: five plane waves of a few cycles per image each."""
    axis = torch.linspace(-0.5, 0.5, size, device=device)
    field = torch.zeros(n, size, size, device=device)
    for _ in range(5):
        draw = torch.rand(3, n, 1, 1, generator=generator, device=device)
        angle, cycles, phase = draw[0] * 2 * math.pi, 0.3 + 2.2 * draw[1], draw[2] * 2 * math.pi
        field += torch.cos(2 * math.pi * cycles * (axis * torch.cos(angle) + axis[:, None] * torch.sin(angle)) + phase)
    return (field / 5 + 0.5).clamp(0, 1)

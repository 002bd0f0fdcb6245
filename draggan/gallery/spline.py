"""A smooth closed curve through latents; torch only."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor


def closed_spline(keys: Tensor, count: int) -> Iterator[Tensor]:
    """`count` points (1, ...), evenly spaced in time, of a closed curve through `keys` (K, ...).

    The periodic cubic spline: position, velocity and acceleration are continuous, also where the
    curve closes (de Boor, "A Practical Guide to Splines", chapter IV). It passes key i at the time
    i / K, so with `count` a multiple of K every key is one of the points.
    """
    bends = _second_derivatives(keys)
    for index in range(count):
        whole, part = divmod(index * len(keys), count)
        yield _between(keys, bends, whole, part / count)


def _second_derivatives(keys: Tensor) -> Tensor:
    """m in m[i-1] + 4 m[i] + m[i+1] = 6 (y[i-1] - 2 y[i] + y[i+1]), indices modulo K.

    The matrix is circulant: its eigenvectors are those of the Fourier transform.
    """
    y = keys.double()
    right = 6 * (y.roll(1, 0) - 2 * y + y.roll(-1, 0))
    angles = torch.arange(len(y), device=y.device) * (2 * torch.pi / len(y))
    eigenvalues = (4 + 2 * angles.double().cos()).view(-1, *[1] * (y.ndim - 1))
    return torch.fft.ifft(torch.fft.fft(right, dim=0) / eigenvalues, dim=0).real.to(keys)


def _between(keys: Tensor, bends: Tensor, whole: int, part: float) -> Tensor:
    i, j, rest = whole, (whole + 1) % len(keys), 1 - part
    straight = rest * keys[i] + part * keys[j]
    bend = (rest**3 - rest) * bends[i] + (part**3 - part) * bends[j]
    return (straight + bend / 6)[None]

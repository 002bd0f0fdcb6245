"""Which cells a window of a feature map depends on, layer by layer down to the input; torch only.

Tracking and motion supervision read the map near the handles alone, and everything in StyleGAN2's
synthesis that spreads in space is a 3x3 convolution or a 4-tap filter. So a window of the output
depends on a bounded window of each layer's input, and computing just those gives the same values
and the same gradients as the whole maps.

A window starts at a cell (x, y), which may lie outside of the map; cells outside are zero, as the
convolutions' padding is. Lengths are the same for every window and both axes, and starts are
tensors: nothing here depends on their values, so that a step never waits for the device.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

# What a layer on windows costs beyond its arithmetic, in the multiplications that take as long.
_OVERHEAD = 5e6


@dataclass(frozen=True)
class LayerShape:
    """One convolution of the synthesis network."""

    up: bool  # to twice the size
    inputs: int  # channels
    outputs: int
    size: tuple[int, int]  # width and height of its output

    def input_length(self, length: int) -> int:
        """How long a window of the input is, for one of `length` cells of the output.

        Upsampling: of 2h + 1 values t of the transposed convolution, the filter makes output j from
        t[j - 1] to t[j + 2], and t[m] comes from the inputs m // 2 and m // 2 - 1 (m even) or
        (m - 1) // 2 (m odd): floor(n / 2) + 3 inputs from an odd start, ceil(n / 2) + 3 at most.
        """
        return math.ceil(length / 2) + 3 if self.up else length + 2

    def input_start(self, start: Tensor) -> Tensor:
        """Where the input's window begins, for `start` (N, 2) of the output."""
        return (start - 1).div(2, rounding_mode="floor") - 1 if self.up else start - 1

    def cost(self, cells: int) -> float:
        """Multiplications for `cells` cells: of the input when upsampling, else of the output."""
        return 9.0 * self.inputs * self.outputs * cells


@dataclass(frozen=True)
class WindowPlan:
    """From which layer on windows are computed, and how long they are."""

    first: int  # index of the first layer that is computed on windows
    lengths: tuple[int, ...]  # of that layer's input, then of each layer's output


def plan_windows(
    shapes: Sequence[LayerShape], *, length: int, count: int, whole: int = 0, always: bool = False
) -> WindowPlan | None:
    """The cheapest way to compute `count` windows of `length` cells of the last layer's output.

    `shapes` are the layers in order; those before index `whole` are computed as whole maps in any
    case. None if whole maps are cheaper throughout, or, with `always`, only if windows would not
    be smaller than the maps.
    """
    lengths = [length]
    for shape in reversed(shapes):
        lengths.insert(0, shape.input_length(lengths[0]))
    costs = {len(shapes): _whole_cost(shapes)}
    for first in range(len(shapes) - 1, whole - 1, -1):
        if any(n >= min(s.size) for s, n in _windows(shapes, lengths, first)):
            break
        costs[first] = _whole_cost(shapes[:first]) + sum(
            count * shape.cost((lengths[k] if shape.up else lengths[k + 1]) ** 2) + _OVERHEAD
            for k, shape in enumerate(shapes[first:], first)
        )
    if always and len(costs) > 1:
        del costs[len(shapes)]
    first = min(costs, key=lambda k: costs[k])
    return None if first == len(shapes) else WindowPlan(first, tuple(lengths[first:]))


def _windows(
    shapes: Sequence[LayerShape], lengths: Sequence[int], first: int
) -> list[tuple[LayerShape, int]]:
    """Every layer's output that is a window, with its length."""
    return list(zip(shapes[first:], lengths[first + 1 :], strict=True))


def _whole_cost(shapes: Sequence[LayerShape]) -> float:
    return sum(s.cost(math.prod(s.size) // (4 if s.up else 1)) for s in shapes)


def window_length(reach: float) -> int:
    """How many cells a window needs to hold bilinear samples up to `reach` cells away."""
    return math.ceil(2 * reach) + 2


def window_start(centres: Tensor, reach: float, length: int, size: tuple[int, int]) -> Tensor:
    """Where windows around `centres` (N, 2), in cells, begin: inside the map, integers (N, 2)."""
    start = (centres - 0.5 - reach).floor().long()
    x, y = (start[:, k].clamp(0, size[k] - length) for k in (0, 1))
    return torch.stack((x, y), -1)


def starts(shapes: Sequence[LayerShape], start: Tensor) -> list[Tensor]:
    """Where the windows begin: the first layer's input, then each layer's output (the last one's
    is `start`)."""
    found = [start]
    for shape in reversed(shapes):
        found.insert(0, shape.input_start(found[0]))
    return found


def cells(start: Tensor, length: int, size: tuple[int, int]) -> Tensor:
    """Indices (N, length, length) of the windows' cells in a map that is flattened row by row;
    width x height, one past the end, for the cells outside."""
    width, height = size
    line = torch.arange(length, device=start.device)
    x, y = start[:, :1] + line, start[:, 1:] + line  # (N, length)
    inside = ((y >= 0) & (y < height))[:, :, None] & ((x >= 0) & (x < width))[:, None]
    return torch.where(inside, y[:, :, None] * width + x[:, None], width * height)


def crop(x: Tensor, start: Tensor, length: int) -> Tensor:
    """Windows (N, C, length, length) of one map (1, C, h, w), zero outside of it."""
    _, channels, height, width = x.shape
    flat = x[0].permute(1, 2, 0).reshape(height * width, channels)
    flat = torch.cat((flat, flat.new_zeros(1, channels)))
    index = cells(start, length, (width, height))
    found = flat.index_select(0, index.flatten()).view(*index.shape, channels)
    return found.permute(0, 3, 1, 2)  # in memory channels last


def aligned(t: Tensor, start: Tensor, length: int) -> Tensor:
    """Of windows t of transposed convolutions, the part that the filter makes the output from.

    `t` (N, C, m, m) belongs to outputs from `start` (N, 2) on; the result is `length` + 3 long. It
    begins at t's third cell where the output starts at an odd cell, else at the fourth.
    """
    n = length + 3
    even = (start % 2 == 0)[:, :, None, None, None]  # (N, 2, 1, 1, 1)
    t = torch.where(even[:, 1], t[:, :, 3 : 3 + n], t[:, :, 2 : 2 + n])
    return torch.where(even[:, 0], t[..., 3 : 3 + n], t[..., 2 : 2 + n])

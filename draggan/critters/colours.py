"""Palettes, and the colours of one animal; torch only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from draggan.critters.geometry import Planes, per_picture

Rgb = tuple[float, float, float]

FUR: tuple[Rgb, ...] = (
    (0.93, 0.62, 0.30),
    (0.80, 0.48, 0.30),
    (0.62, 0.45, 0.36),
    (0.55, 0.55, 0.60),
    (0.48, 0.58, 0.72),
    (0.62, 0.56, 0.78),
    (0.86, 0.62, 0.70),
    (0.95, 0.78, 0.55),
)
IRIS: tuple[Rgb, ...] = (
    (0.25, 0.55, 0.30),
    (0.20, 0.50, 0.65),
    (0.30, 0.35, 0.70),
    (0.55, 0.35, 0.20),
    (0.75, 0.55, 0.15),
)
CLOTH: tuple[Rgb, ...] = (
    (0.80, 0.28, 0.25),
    (0.90, 0.65, 0.25),
    (0.35, 0.62, 0.40),
    (0.22, 0.50, 0.62),
    (0.35, 0.36, 0.65),
    (0.65, 0.35, 0.60),
)
BACKGROUND: tuple[Rgb, ...] = (
    (0.98, 0.86, 0.72),
    (0.78, 0.90, 0.80),
    (0.70, 0.86, 0.95),
    (0.78, 0.78, 0.95),
    (0.96, 0.80, 0.86),
)
CREAM: Rgb = (0.98, 0.94, 0.88)
INNER_EAR: Rgb = (0.93, 0.60, 0.60)
BLUSH: Rgb = (0.95, 0.45, 0.45)
INK: Rgb = (0.24, 0.12, 0.11)  # lips, philtrum
LASH: Rgb = (0.16, 0.10, 0.10)
NOSE: Rgb = (0.20, 0.14, 0.15)
THROAT: Rgb = (0.36, 0.09, 0.10)
TONGUE: Rgb = (0.88, 0.42, 0.42)
SCLERA: Rgb = (0.97, 0.96, 0.95)
PUPIL: Rgb = (0.06, 0.06, 0.06)
GLINT: Rgb = (1.0, 1.0, 1.0)


class Colours(NamedTuple):
    """What one animal is dyed with, (B, 3) each, in [0, 1] before light falls on it."""

    fur: Tensor
    muzzle: Tensor
    inner_ear: Tensor
    iris: Tensor
    cloth: Tensor
    background: Tensor


def pick(stops: Sequence[Rgb], position: Tensor) -> Tensor:
    """Piecewise linear through `stops` at `position` (B,) in [0, 1] -> (B, 3)."""
    table = position.new_tensor(stops)  # (S, 3)
    last = len(stops) - 1
    x = position.clamp(0, 1) * last
    left = x.floor().clamp(max=last - 1).long()
    share = (x - left)[:, None]
    return table[left] * (1 - share) + table[left + 1] * share


def dye(values: Mapping[str, Tensor]) -> Colours:
    """The colours that parameter `values` (B,) each ask for."""
    fur = pick(FUR, values["fur_hue"]) * (0.66 + 0.50 * values["fur_light"])[:, None]
    fur = fur.clamp(0, 1)
    pale = fur * 0.35 + fur.new_tensor(CREAM) * 0.65
    return Colours(
        fur=fur,
        muzzle=fur + (pale - fur) * (0.25 + 0.75 * values["muz_light"])[:, None],
        inner_ear=fur * 0.35 + fur.new_tensor(INNER_EAR) * 0.65,
        iris=pick(IRIS, values["iris_hue"]),
        cloth=pick(CLOTH, values["cloth_hue"]),
        background=pick(BACKGROUND, values["bg_hue"]) * (0.70 + 0.32 * values["bg_light"])[:, None],
    )


def flat(colour: Tensor) -> Planes:
    """(B, 3) -> three planes (B, 1, 1)."""
    return per_picture(colour[:, 0]), per_picture(colour[:, 1]), per_picture(colour[:, 2])


def scaled(colour: Planes | Rgb, by: Tensor) -> Planes:
    """Every channel times `by`."""
    return colour[0] * by, colour[1] * by, colour[2] * by


def mixed(under: Planes, over: Planes | Rgb, share: Tensor) -> Planes:
    """`under` where share = 0, `over` where share = 1."""
    return (
        under[0] + (over[0] - under[0]) * share,
        under[1] + (over[1] - under[1]) * share,
        under[2] + (over[2] - under[2]) * share,
    )


def stacked(colour: Planes) -> Tensor:
    """Three planes (B, H, W) -> (B, 3, H, W)."""
    return torch.stack(colour, 1)

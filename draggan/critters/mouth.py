"""The mouth: cut out of the head's surface in its own frame, with tongue and lips; torch only."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from draggan.critters.anatomy import Anatomy
from draggan.critters.charts import Chart, chart
from draggan.critters.colours import INK, THROAT, TONGUE, Planes, mixed, scaled
from draggan.critters.geometry import per_picture, smoothstep
from draggan.critters.head import HeadSurface

LIP_SOFTNESS = 1.3  # pixels


class MouthMark(NamedTuple):
    colour: Planes  # of the inside
    inside: Tensor  # (B, H, W) share of the pixel that is open mouth
    ink: Tensor  # (B, H, W) strength of lips and philtrum
    chart: Chart


def trace_mouth(surface: HeadSurface, anatomy: Anatomy, pixel: Tensor) -> MouthMark:
    """On `surface`; `pixel` (B,) is a pixel's width in head space."""
    x, y, _ = surface.place
    mouth, front = anatomy.mouth, surface.front
    soft = per_picture(pixel * LIP_SOFTNESS)
    gap, half_width = per_picture(mouth.gap), per_picture(mouth.half_width)
    sideways = x / half_width
    upper = per_picture(mouth.height) + per_picture(mouth.corner_lift) * (sideways * sideways)
    lower = upper - gap * (1 - sideways * sideways).clamp(min=0)
    between = smoothstep(1.0, 0.96, sideways.abs()) * front
    open_ = (torch.minimum(upper - y, y - lower) / soft + 0.5).clamp(0, 1)
    open_ = open_ * between * smoothstep(0.0, 0.06, gap)
    upper_lip = (1 - (y - upper).abs() / (0.011 + soft * 0.5)).clamp(0, 1).sqrt() * between
    lower_lip = (1 - (y - lower).abs() / (0.010 + soft * 0.5)).clamp(0, 1) * between
    lower_lip = lower_lip * smoothstep(0.02, 0.08, gap)
    philtrum = _philtrum(surface, anatomy, soft)
    ink = torch.maximum(torch.maximum(upper_lip, philtrum * 0.8), lower_lip * 0.6) * 0.80
    colour = _inside(surface, anatomy, upper)
    down = (upper - y) / (upper - lower).clamp(min=1e-3)
    return MouthMark(colour, open_, ink, chart("mouth", sideways, down))


def paint_mouth(fur: Planes, mark: MouthMark) -> Planes:
    """Lips and the inside over the lit `fur`."""
    return mixed(mixed(fur, INK, mark.ink), mark.colour, mark.inside)


def _philtrum(surface: HeadSurface, anatomy: Anatomy, soft: Tensor) -> Tensor:
    """The line from the upper lip to the nose, (B, H, W)."""
    x, y, _ = surface.place
    lip, size = anatomy.mouth.height, anatomy.muzzle_size
    line = (1 - x.abs() / (0.009 + soft * 0.5)).clamp(0, 1)
    above_lip = smoothstep(per_picture(lip - 0.005), per_picture(lip + 0.005), y)
    top = smoothstep(per_picture(lip + size * 0.5), per_picture(lip + size * 0.3), y)
    return line * above_lip * top * surface.front


def _inside(surface: HeadSurface, anatomy: Anatomy, upper: Tensor) -> Planes:
    """Throat and tongue, darker under the upper lip."""
    x, y, _ = surface.place
    mouth = anatomy.mouth
    across = x / per_picture(mouth.half_width * 0.62)
    down = y - per_picture(mouth.height - mouth.open * 0.20)
    from_tongue = across**2 + (down / (0.35 * per_picture(mouth.gap) + 0.012)) ** 2
    tongue = smoothstep(1.15, 0.85, from_tongue)
    shadow = 0.75 + 0.25 * smoothstep(0.0, 0.05, upper - y)
    red, green, blue = (
        throat + (tip - throat) * tongue for throat, tip in zip(THROAT, TONGUE, strict=True)
    )
    return scaled((red, green, blue), shadow)

"""The head's shape: skull, cheeks, muzzle and chin melted into one surface; torch only."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from draggan.critters.anatomy import BLEND, Anatomy
from draggan.critters.charts import Chart, chosen, ellipsoid_chart
from draggan.critters.geometry import (
    Planes,
    hit_ellipsoid,
    normalised,
    per_picture,
    quadric,
    rows_times,
    smoothstep,
    total,
    turned,
)
from draggan.critters.view import View

OUTLINE_BLEND = 0.012
PART_NAMES = ("skull", "cheek_l", "cheek_r", "muzzle", "chin")


class HeadSurface(NamedTuple):
    distance: Tensor  # (B, H, W) signed distance to the outline
    depth: Tensor  # (B, H, W)
    normal: Planes
    weights: tuple[Tensor, ...]  # (B, H, W) each: share of every ellipsoid, in all 1
    place: Planes  # the surface in the head's own frame
    front: Tensor  # (B, H, W) 1 on the face, 0 behind the ears


def meet_head(view: View, anatomy: Anatomy, turn: Tensor) -> HeadSurface:
    """Meet the rays with the head turned by `turn` (B, 3, 3)."""
    hits = [
        hit_ellipsoid(view.x, view.y, turned(turn, centre), quadric(turn, radii))
        for centre, radii in anatomy.head
    ]
    # Soft maxima: width * log sum exp(value / width).
    highest, powers, power_sum = _powers([hit.depth for hit in hits], BLEND)
    depth = highest + BLEND * power_sum.log()
    share = 1 / power_sum
    weights = tuple(power * share for power in powers)
    outermost, _, power_sum = _powers([hit.distance for hit in hits], OUTLINE_BLEND)
    distance = outermost + OUTLINE_BLEND * power_sum.log()
    nx, ny, nz = (
        total([w * hit.normal[i] for w, hit in zip(weights, hits, strict=True)]) for i in range(3)
    )
    place = rows_times(turn.transpose(1, 2), (view.x, view.y, depth))
    front = smoothstep(0.0, 0.15, place[2])
    return HeadSurface(distance, depth, normalised((nx, ny, nz), 1e-4), weights, place, front)


def head_chart(surface: HeadSurface, anatomy: Anatomy) -> Chart:
    """Each ellipsoid's own chart where its share is the largest."""
    upright = torch.eye(3, dtype=surface.depth.dtype, device=surface.depth.device)[None]
    x, y, z = surface.place
    best, result = None, None
    for name, part, weight in zip(PART_NAMES, anatomy.head, surface.weights, strict=True):
        cx, cy, cz = (per_picture(part.centre[:, i]) for i in range(3))
        own = ellipsoid_chart(name, (x - cx, y - cy, z - cz), upright, part.radii)
        if best is None or result is None:
            best, result = weight, own
        else:
            result = chosen(weight > best, own, result)
            best = torch.maximum(weight, best)
    assert result is not None
    return result


def _powers(values: list[Tensor], width: float) -> tuple[Tensor, list[Tensor], Tensor]:
    """The highest value, exp((value - highest) / width) of each, and the sum of those."""
    highest = values[0]
    for value in values[1:]:
        highest = torch.maximum(highest, value)
    powers = [((value - highest) / width).exp() for value in values]
    return highest, powers, total(powers)

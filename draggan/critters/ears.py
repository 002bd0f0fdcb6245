"""The ears: tapered, slightly domed sheets with a pink inside; torch only."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from draggan.critters.anatomy import Ear
from draggan.critters.canvas import Layer
from draggan.critters.charts import chart
from draggan.critters.colours import flat, mixed, scaled
from draggan.critters.geometry import (
    Planes,
    normalised,
    per_picture,
    rows_times,
    smoothstep,
    turned,
)
from draggan.critters.stage import Stage
from draggan.critters.view import View

DOME = 0.07  # how far the middle of an ear stands out of its plane


class _Sheet(NamedTuple):
    across: Tensor  # (B, H, W) in half widths at that height
    along: Tensor  # (B, H, W) in half lengths, tip at +1
    distance: Tensor  # (B, H, W) signed distance to the outline
    depth: Tensor  # (B, H, W)
    normal: Planes


def draw_ear(stage: Stage, ear: Ear, name: str) -> Layer:
    """One ear; `name` is its part's."""
    sheet = _meet(stage.view, ear, stage.turn)
    shade = stage.light.diffuse(sheet.normal)
    from_middle = (sheet.across / 0.66) ** 2 + ((sheet.along + 0.05) / 0.78) ** 2
    inner = smoothstep(1.12, 0.80, from_middle)
    hollow = shade * (0.82 + 0.18 * smoothstep(0.1, 0.9, from_middle))
    fur = scaled(flat(stage.colours.fur), shade)
    pink = scaled(flat(stage.colours.inner_ear), hollow)
    return Layer(
        mixed(fur, pink, inner),
        stage.view.coverage(sheet.distance),
        sheet.depth,
        lambda: chart(name, sheet.across, sheet.along),
    )


def _meet(view: View, ear: Ear, head_turn: Tensor) -> _Sheet:
    """Meet the rays with the ear's plane; the outline is an ellipse that narrows to the tip."""
    turn = head_turn @ ear.turn  # ear frame -> view space
    centre = turned(head_turn, ear.centre)
    normal = turn[:, :, 2]
    dx = view.x - per_picture(centre[:, 0])
    dy = view.y - per_picture(centre[:, 1])
    dz = -(per_picture(normal[:, 0]) * dx + per_picture(normal[:, 1]) * dy)
    dz = dz / per_picture(normal[:, 2].clamp(min=0.25))
    local_x, local_y, _ = rows_times(turn.transpose(1, 2), (dx, dy, dz))
    length, taper = per_picture(ear.length), per_picture(ear.taper)
    along = local_y / length
    narrowing = 1 - 0.60 * taper * smoothstep(-0.5, 1.1, along)
    half_width = per_picture(ear.width) * (narrowing + 0.25 * taper * smoothstep(0.2, -0.7, along))
    across = local_x / half_width
    q = across * across + along * along
    k = (q + 1e-6).sqrt()
    slope = torch.rsqrt((across / half_width) ** 2 + (along / length) ** 2 + 1e-6) * k
    dome = (1 - q).clamp(min=1e-4).sqrt()
    bulge = (across * 0.75, along * 0.45, 0.35 + 0.75 * dome)
    return _Sheet(
        across,
        along,
        (1 - k) * slope * 0.95,
        per_picture(centre[:, 2]) + dz + DOME * dome,
        normalised(rows_times(turn, bulge)),
    )

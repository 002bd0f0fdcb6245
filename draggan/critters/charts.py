"""Canonical coordinates: names of the parts, and a place (u, v) on each part's own surface.

Torch only. A chart does not change when the head turns, nor when a rigid part moves on the head:
the same (part, u, v) in two renders is the same spot of the animal.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from draggan.critters.geometry import Planes, normalised, per_picture, rows_times

PARTS: tuple[str, ...] = (
    "background",  # (u, v): the picture's own coordinates in [0, 1]
    "body",
    "ear_l",  # ears: across and along the ear, each in [-1, 1]
    "ear_r",
    "skull",
    "cheek_l",
    "cheek_r",
    "muzzle",
    "chin",
    "mouth",  # corner to corner in [-1, 1], upper to lower lip in [0, 1]
    "nose",
    "eye_l",  # the white of the eye, fixed to the head
    "eye_r",
    "iris_l",  # from the middle of the pupil, in radii of the iris: moves with the gaze
    "iris_r",
    "lid_l",  # across the eye; above the upper lid's edge (> 0), below the lower one's (< 0)
    "lid_r",
)
# body, skull, cheeks, muzzle, chin, nose, eyes: Lambert's azimuthal equal-area map of the
# ellipsoid; the middle of the front is (0, 0), the rim seen from the front is the unit circle.


class Chart(NamedTuple):
    """Which part's surface, and where on it."""

    part: Tensor  # (B, H, W) index into PARTS, as a float
    u: Tensor  # (B, H, W)
    v: Tensor  # (B, H, W)


def part_index(name: str) -> int:
    return PARTS.index(name)


def chart(name: str, u: Tensor, v: Tensor) -> Chart:
    """A chart that lies on one part everywhere."""
    u, v = torch.broadcast_tensors(u, v)
    return Chart(torch.full_like(u, part_index(name)), u, v)


def chosen(condition: Tensor, yes: Chart, no: Chart) -> Chart:
    """`yes` where `condition` (B, H, W), `no` elsewhere."""
    return Chart(*(torch.where(condition, y, n) for y, n in zip(yes, no, strict=True)))


def ellipsoid_chart(name: str, offset: Planes, turn: Tensor, radii: Tensor) -> Chart:
    """Of the surface at `offset` from an ellipsoid's centre, in view space.

    `turn` (B, 3, 3) leads from the ellipsoid's frame to view space, `radii` is (B, 3). Map: J. H.
    Lambert, 1772: a unit vector (x, y, z) goes to (x, y) / sqrt(1 + z).
    """
    x, y, z = rows_times(turn.transpose(1, 2), offset)
    x, y, z = normalised(
        (x / per_picture(radii[:, 0]), y / per_picture(radii[:, 1]), z / per_picture(radii[:, 2]))
    )
    spread = torch.rsqrt((1 + z).clamp(min=1e-3))
    return chart(name, x * spread, y * spread)

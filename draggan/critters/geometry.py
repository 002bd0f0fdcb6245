"""Rotations and ellipsoids under an orthographic camera; torch only, knows no animal.

View space: x to the right, y up, z towards the viewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

Planes = tuple[Tensor, Tensor, Tensor]  # three values at every pixel, (B, H, W) each


class Ellipsoid(NamedTuple):
    """An ellipsoid along the axes of the frame it is given in."""

    centre: Tensor  # (B, 3)
    radii: Tensor  # (B, 3)


class Hit(NamedTuple):
    """Where the viewing rays meet an ellipsoid; past the silhouette the values run on smoothly."""

    distance: Tensor  # (B, H, W) signed distance to the silhouette in the picture, > 0 inside
    depth: Tensor  # (B, H, W) z of the surface
    normal: Planes  # unit, outward
    offset: Planes  # from the centre to the surface, in view space


def per_picture(values: Tensor) -> Tensor:
    """(B,) -> (B, 1, 1), to meet planes of pixels."""
    return values.view(-1, 1, 1)


def smoothstep(start: float | Tensor, end: float | Tensor, x: Tensor) -> Tensor:
    """0 at `start`, 1 at `end` (which may be the smaller one), with flat ends."""
    t = ((x - start) / (end - start)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def total(planes: Sequence[Tensor]) -> Tensor:
    """Sum of at least one plane."""
    result = planes[0]
    for plane in planes[1:]:
        result = result + plane
    return result


def vectors(*components: Tensor | float) -> Tensor:
    """Stack n components, at least one of them (B,), to (B, n)."""
    like = next(c for c in components if isinstance(c, Tensor))
    return torch.stack(
        [c if isinstance(c, Tensor) else torch.full_like(like, c) for c in components], -1
    )


def rotation(yaw: Tensor, pitch: Tensor, roll: Tensor) -> Tensor:
    """roll * pitch * yaw as matrices (B, 3, 3) that turn column vectors; angles (B,), radians."""
    zero, one = torch.zeros_like(yaw), torch.ones_like(yaw)
    cy, sy, cp, sp, cr, sr = yaw.cos(), yaw.sin(), pitch.cos(), pitch.sin(), roll.cos(), roll.sin()
    about_y = torch.stack([cy, zero, sy, zero, one, zero, -sy, zero, cy], -1).view(-1, 3, 3)
    about_x = torch.stack([one, zero, zero, zero, cp, -sp, zero, sp, cp], -1).view(-1, 3, 3)
    about_z = torch.stack([cr, -sr, zero, sr, cr, zero, zero, zero, one], -1).view(-1, 3, 3)
    return about_z @ about_x @ about_y


def turned(matrix: Tensor, vector: Tensor) -> Tensor:
    """matrix (B, 3, 3) times vector (B, 3) -> (B, 3)."""
    return (matrix @ vector[..., None])[..., 0]


def rows_times(matrix: Tensor, planes: Planes) -> Planes:
    """matrix (B, 3, 3) times the vector at every pixel."""
    a, b, c = (
        per_picture(matrix[:, i, 0]) * planes[0]
        + per_picture(matrix[:, i, 1]) * planes[1]
        + per_picture(matrix[:, i, 2]) * planes[2]
        for i in range(3)
    )
    return a, b, c


def normalised(planes: Planes, floor: float = 1e-6) -> Planes:
    """The vectors at every pixel brought to length 1; `floor` keeps the zero vector finite."""
    x, y, z = planes
    inverse = torch.rsqrt(x**2 + y**2 + z**2 + floor)
    return x * inverse, y * inverse, z * inverse


def quadric(turn: Tensor, radii: Tensor) -> Tensor:
    """The form A (B, 3, 3) with d' A d = 1 on an ellipsoid of `radii` (B, 3) turned by `turn`."""
    return (turn * (1 / radii**2)[:, None, :]) @ turn.transpose(1, 2)


def hit_ellipsoid(x: Tensor, y: Tensor, centre: Tensor, form: Tensor) -> Hit:
    """Meet the rays through (x, y), (B, H, W) each, with d' A d = 1 around `centre` (B, 3).

    Eliminating z from the form (its Schur complement) gives the silhouette's ellipse q = 1 and
    dz = -(a_x dx + a_y dy) / a_z + sqrt((1 - q) / a_z); the distance is that of q to first order.
    """
    a_z, a_x, a_y = form[:, 2, 2], form[:, 0, 2], form[:, 1, 2]
    m_xx = form[:, 0, 0] - a_x * a_x / a_z
    m_xy = form[:, 0, 1] - a_x * a_y / a_z
    m_yy = form[:, 1, 1] - a_y * a_y / a_z
    dx = x - per_picture(centre[:, 0])
    dy = y - per_picture(centre[:, 1])
    grad_x = per_picture(m_xx) * dx + per_picture(m_xy) * dy
    grad_y = per_picture(m_xy) * dx + per_picture(m_yy) * dy
    q = grad_x * dx + grad_y * dy
    k = (q + 1e-6).sqrt()
    distance = (1 - k) * k * torch.rsqrt(grad_x * grad_x + grad_y * grad_y + 1e-6)
    inside = 1 - q
    # Past the silhouette the root turns negative: the surface bends back instead of ending.
    root = inside.abs().clamp(min=1e-5).sqrt() * inside.sign()
    dz = per_picture(-a_x / a_z) * dx + per_picture(-a_y / a_z) * dy
    dz = dz + root * per_picture(a_z.rsqrt())
    offset = (dx, dy, dz)
    normal = normalised(rows_times(form, offset))
    return Hit(distance, dz + per_picture(centre[:, 2]), normal, offset)

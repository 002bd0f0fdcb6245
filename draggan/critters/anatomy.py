"""Where everything sits on a head, from its parameters; torch only, draws nothing.

All places are in the head's own frame: the origin is the middle of the skull, x to the picture's
right when the head faces the viewer, y up, z out of the face. `side` is -1 for the ear and eye on
the picture's left, +1 for those on its right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from draggan.critters.geometry import Ellipsoid, rotation, vectors

SIDES = (-1, 1)
BLEND = 0.022  # depth over which neighbouring ellipsoids melt into one another


class Ear(NamedTuple):
    turn: Tensor  # (B, 3, 3) ear frame -> head frame; its y runs from base to tip
    base: Tensor  # (B, 3)
    centre: Tensor  # (B, 3)
    length: Tensor  # (B,) half the ear
    width: Tensor  # (B,) half the ear
    taper: Tensor  # (B,)

    @property
    def up(self) -> Tensor:
        return self.turn[:, :, 1]  # (B, 3)


class Eye(NamedTuple):
    side: int
    turn: Tensor  # (B, 3, 3) eyeball frame -> head frame
    ball: Ellipsoid
    gaze: Tensor  # (B, 2) middle of the pupil in radii of the ball
    opening: Tensor  # (B,)

    @property
    def pupil(self) -> Tensor:
        """The middle of the pupil on the unit ball, (B, 3)."""
        out = self.gaze.square().sum(-1, keepdim=True).clamp(max=0.9)
        return torch.cat([self.gaze, (1 - out).sqrt()], -1)

    def upper_lid(self, u: Tensor, opening: Tensor) -> Tensor:
        """Height of the upper lid's edge over `u`, in radii of the ball."""
        return -0.55 + 1.75 * opening - 0.30 * u * u

    def lower_lid(self, opening: Tensor) -> Tensor:
        """Height of the lower lid's edge, in radii of the ball."""
        return -1.25 + 0.25 * (1 - opening)


class Mouth(NamedTuple):
    half_width: Tensor  # (B,)
    height: Tensor  # (B,) y of the upper lip's middle
    open: Tensor  # (B,) in [0, 1]
    smile: Tensor  # (B,)

    @property
    def gap(self) -> Tensor:
        """Distance between the lips, (B,)."""
        return self.open * 0.215

    @property
    def corner_lift(self) -> Tensor:
        """How much higher than its middle the upper lip ends, (B,)."""
        return 0.075 * self.smile


class Anatomy(NamedTuple):
    half_width: Tensor  # (B,) of the skull
    half_height: Tensor  # (B,)
    head: tuple[Ellipsoid, ...]  # skull, left cheek, right cheek, muzzle, chin
    ears: tuple[Ear, ...]
    eyes: tuple[Eye, ...]
    nose: Ellipsoid
    mouth: Mouth
    jaw_drop: Tensor  # (B,)
    muzzle_size: Tensor  # (B,)


def measure(values: Mapping[str, Tensor]) -> Anatomy:
    """The anatomy of animals with parameter `values` (B,) each."""
    width, height = values["head_w"], values["head_h"]
    depth = height * 0.92
    size, length, opening = values["muz_size"], values["muz_len"], values["mouth_open"]
    snout = depth * 0.80 + length * 0.45  # z of the muzzle's middle
    nose = values["nose"]
    return Anatomy(
        half_width=width,
        half_height=height,
        head=_head(values, depth, snout),
        ears=tuple(_ear(values, side) for side in SIDES),
        eyes=tuple(_eye(values, depth, side) for side in SIDES),
        nose=Ellipsoid(
            vectors(0, -height * 0.34 + size * 0.40, snout + length * 0.50 + 0.045),
            torch.stack([nose * 1.25, nose * 0.85, nose * 0.9], -1),
        ),
        mouth=Mouth(size * 0.70, -height * 0.34 - size * 0.38, opening, values["smile"]),
        jaw_drop=0.17 * opening,
        muzzle_size=size,
    )


def surface_height(anatomy: Anatomy, x: Tensor, y: Tensor) -> Tensor:
    """z (B, N) of the blended head's front over (x, y), (B, N) each, in the head's frame."""
    centres = torch.stack([part.centre for part in anatomy.head], 1)[:, :, None]  # (B, 5, 1, 3)
    radii = torch.stack([part.radii for part in anatomy.head], 1)[:, :, None]
    inside = 1 - ((x[:, None] - centres[..., 0]) / radii[..., 0]) ** 2  # (B, 5, N)
    inside = inside - ((y[:, None] - centres[..., 1]) / radii[..., 1]) ** 2
    heights = centres[..., 2] + radii[..., 2] * inside.abs().sqrt() * inside.sign()
    return BLEND * torch.logsumexp(heights / BLEND, 1)


def _head(values: Mapping[str, Tensor], depth: Tensor, snout: Tensor) -> tuple[Ellipsoid, ...]:
    width, height, opening = values["head_w"], values["head_h"], values["mouth_open"]
    size, length = values["muz_size"], values["muz_len"]
    plump = (0.85 + 0.22 * values["cheek"])[:, None]
    cheek = vectors(width * 0.56, height * 0.52, depth * 0.62) * plump
    jaw = -height * 0.34 - size * 0.42 - 0.17 * opening
    return (
        Ellipsoid(vectors(width * 0, 0, 0), vectors(width, height, depth)),
        Ellipsoid(vectors(-width * 0.46, -height * 0.42, depth * 0.22), cheek),
        Ellipsoid(vectors(width * 0.46, -height * 0.42, depth * 0.22), cheek),
        Ellipsoid(
            vectors(0, -height * 0.34, snout),
            vectors(size * 1.08, size * 0.74, length * 0.55 + 0.10),
        ),
        Ellipsoid(
            vectors(0, jaw, snout - 0.07 - 0.10 * opening),
            vectors(size * 0.78, size * 0.50, length * 0.45 + 0.11),
        ),
    )


def _ear(values: Mapping[str, Tensor], side: int) -> Ear:
    width, height, length = values["head_w"], values["head_h"], values["ear_len"]
    lean = values["ear_ang"] * side
    turn = rotation(torch.full_like(lean, 0.25 * side), torch.full_like(lean, -0.12), -lean)
    across = width * 0.90 * torch.sin(lean + 0.12 * side)
    base = vectors(across, height * 0.86 * torch.cos(lean), -0.05)
    centre = base + turn[:, :, 1] * (length * 0.62)[:, None]
    return Ear(turn, base, centre, length, values["ear_w"], values["ear_taper"])


def _eye(values: Mapping[str, Tensor], depth: Tensor, side: int) -> Eye:
    size, apart = values["eye_size"], values["eye_sep"]
    up = values["head_h"] * 0.16
    outward = 1 - (apart / values["head_w"]) ** 2 - (up / values["head_h"]) ** 2
    socket = depth * outward.clamp(min=0.05).sqrt()  # z of the skull there
    flat = torch.zeros_like(size)
    return Eye(
        side=side,
        turn=rotation(flat + 0.30 * side, flat - 0.10, flat),
        ball=Ellipsoid(
            vectors(apart * side, up, socket - size * 0.32),
            torch.stack([size, size * 1.12, size * 0.62], -1),
        ),
        gaze=torch.stack([values["gaze_x"] - 0.12 * side, values["gaze_y"]], -1),
        opening=values["eye_open"],
    )

"""The key light and how surfaces answer to it; torch only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from draggan.critters.geometry import Planes, per_picture, smoothstep, vectors

AMBIENT = 0.52
WRAP = 0.35  # how far light creeps round the terminator
RIM = 0.25  # how much the silhouette darkens


class Light(NamedTuple):
    """Unit directions (B, 3), towards the light and half-way between it and the viewer."""

    towards: Tensor
    highlight: Tensor
    side: Tensor  # (B,) the light's place from left to right

    def diffuse(self, normal: Planes, *, rim: float = RIM) -> Tensor:
        """Brightness (B, H, W) of a matt surface with unit `normal`."""
        facing = (_along(normal, self.towards) + WRAP) / (1 + WRAP)
        edge = 1 - rim * (1 - smoothstep(0.0, 0.55, normal[2]))
        return (AMBIENT + 0.60 * facing.clamp(min=0)) * edge

    def glossy(self, normal: Planes) -> Tensor:
        """Strength (B, H, W) of the highlight on a wet surface."""
        return smoothstep(0.90, 0.985, _along(normal, self.highlight)) * 0.75


def key_light(values: Mapping[str, Tensor]) -> Light:
    """A light above the viewer, at `light_x` from left to right."""
    side = values["light_x"]
    towards = vectors(side, 0.75, 0.75)
    highlight = vectors(side * 0.6, 0.55, 0.8)
    return Light(
        towards / towards.norm(dim=-1, keepdim=True),
        highlight / highlight.norm(dim=-1, keepdim=True),
        side,
    )


def _along(normal: Planes, direction: Tensor) -> Tensor:
    return (
        normal[0] * per_picture(direction[:, 0])
        + normal[1] * per_picture(direction[:, 1])
        + normal[2] * per_picture(direction[:, 2])
    )

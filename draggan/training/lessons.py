"""What the generator is taught: latents and the renderer's pictures of them; torch and critters.

Style mixing has a ground truth here: the leading rows of W+ come from one latent, the rest from
another, and the picture has the shapes of the first in the colours of the second. So the leading
rows learn geometry and nothing else, which is what a drag moves.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from draggan.critters import Scene, columns_of, from_unit, render, unit_from_latent

SHAPE_ROWS = 6  # leading rows of W+ that decide on shapes
Renderer = Callable[[Tensor, int], Scene]


@dataclass(frozen=True)
class Lesson:
    """A batch: the latents for the leading and for the other rows, and what they should show."""

    z_shape: Tensor  # (B, z_dim)
    z_colour: Tensor  # (B, z_dim)
    scene: Scene


def draw_lesson(
    batch: int,
    resolution: int,
    *,
    z_dim: int,
    mixing: float,
    generator: torch.Generator,
    device: torch.device,
    renderer: Renderer = render,
) -> Lesson:
    """A random lesson; a share `mixing` of it has two different latents."""
    z = torch.randn(2, batch, z_dim, generator=generator)
    mixed = torch.rand(batch, generator=generator) < mixing
    z_shape = z[0].to(device)
    z_colour = torch.where(mixed[:, None], z[1], z[0]).to(device)
    with torch.no_grad():
        return Lesson(z_shape, z_colour, renderer(mixed_parameters(z_shape, z_colour), resolution))


def mixed_parameters(z_shape: Tensor, z_colour: Tensor) -> Tensor:
    """Physical parameters (B, 31): shapes of one latent, colours of the other, (B, z_dim) each."""
    unit = unit_from_latent(z_shape).clone()
    colours = columns_of("colour")
    unit[:, colours] = unit_from_latent(z_colour)[:, colours]
    return from_unit(unit)


def mixed_ws(w_shape: Tensor, w_colour: Tensor, num_ws: int) -> Tensor:
    """W+ (B, num_ws, w_dim): leading rows from one w (B, w_dim), the others from the other."""
    return torch.cat(
        (
            w_shape[:, None].expand(-1, SHAPE_ROWS, -1),
            w_colour[:, None].expand(-1, num_ws - SHAPE_ROWS, -1),
        ),
        1,
    )


def fast_renderer(resolution: int, minutes: float) -> Renderer:
    """The renderer, compiled where that is worth its minute and a half."""
    if minutes < 15 or resolution < 64 or shutil.which("c++") is None:
        return render
    compiled = torch.compile(_pictures, dynamic=False)
    return lambda parameters, size: Scene(*compiled(parameters, size))


def _pictures(parameters: Tensor, size: int) -> tuple[Tensor, Tensor]:
    scene = render(parameters, size)
    return scene.image, scene.landmarks

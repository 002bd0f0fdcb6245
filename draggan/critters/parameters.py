"""The numbers that describe one animal, their ranges and their names; torch only.

A renderer's input is a tensor (B, 31) of physical values in the order of `PARAMETERS`. The unit
form of the same tensor holds u in [0, 1] with value = low + (high - low) * u.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from draggan.errors import BadInput

Kind = Literal["shape", "colour"]


@dataclass(frozen=True)
class Parameter:
    """One number: its range, and whether it moves the drawing ("shape") or only tints it."""

    name: str
    low: float
    high: float
    kind: Kind = "shape"


# Angles in radians; lengths in half picture widths; the rest are shares or positions on a palette.
PARAMETERS: tuple[Parameter, ...] = (
    Parameter("yaw", -0.60, 0.60),  # > 0: the face turns to the picture's right
    Parameter("pitch", -0.32, 0.32),  # > 0: the face looks down
    Parameter("roll", -0.20, 0.20),
    Parameter("tx", -0.10, 0.10),
    Parameter("ty", -0.08, 0.06),
    Parameter("scale", 1.00, 1.20),
    Parameter("head_w", 0.44, 0.56),
    Parameter("head_h", 0.42, 0.52),
    Parameter("cheek", 0.0, 1.0),
    Parameter("ear_len", 0.19, 0.46),
    Parameter("ear_w", 0.12, 0.19),
    Parameter("ear_ang", 0.10, 0.80),
    Parameter("ear_taper", 0.0, 1.0),
    Parameter("muz_size", 0.19, 0.28),
    Parameter("muz_len", 0.10, 0.30),
    Parameter("nose", 0.055, 0.10),
    Parameter("eye_size", 0.110, 0.165),
    Parameter("eye_sep", 0.19, 0.265),
    Parameter("eye_open", 0.45, 1.0),
    Parameter("gaze_x", -0.45, 0.45),
    Parameter("gaze_y", -0.35, 0.35),
    Parameter("mouth_open", 0.0, 1.0),
    Parameter("smile", -0.2, 1.0),
    Parameter("fur_hue", 0.0, 1.0, "colour"),
    Parameter("fur_light", 0.0, 1.0, "colour"),
    Parameter("muz_light", 0.0, 1.0, "colour"),
    Parameter("iris_hue", 0.0, 1.0, "colour"),
    Parameter("cloth_hue", 0.0, 1.0, "colour"),
    Parameter("bg_hue", 0.0, 1.0, "colour"),
    Parameter("bg_light", 0.0, 1.0, "colour"),
    Parameter("light_x", -0.7, 0.7, "colour"),
)
NAMES: tuple[str, ...] = tuple(p.name for p in PARAMETERS)
LATENT_DIM = 32  # one more than there are parameters: the length that normalising takes away


def parameter_index(name: str) -> int:
    """Column of the parameter called `name`. Raises BadInput for a name that does not exist."""
    if name not in NAMES:
        raise BadInput(
            f"A critter has no parameter called '{name}'.",
            hint="Parameters: " + ", ".join(NAMES) + ".",
        )
    return NAMES.index(name)


def columns_of(kind: Kind) -> list[int]:
    """Columns of all parameters of one kind, ascending."""
    return [i for i, p in enumerate(PARAMETERS) if p.kind == kind]


def ranges(like: Tensor) -> tuple[Tensor, Tensor]:
    """Lowest and highest values, (31,) each, with the device and type of `like`."""
    return (
        like.new_tensor([p.low for p in PARAMETERS]),
        like.new_tensor([p.high for p in PARAMETERS]),
    )


def from_unit(unit: Tensor) -> Tensor:
    """Unit values (..., 31) -> physical values (..., 31); not clamped, differentiable."""
    low, high = ranges(unit)
    return low + (high - low) * unit


def to_unit(parameters: Tensor) -> Tensor:
    """Physical values (..., 31) -> unit values (..., 31); not clamped, differentiable."""
    low, high = ranges(parameters)
    return (parameters - low) / (high - low)


def unit_from_latent(z: Tensor) -> Tensor:
    """Latents z (B, >= 31) -> unit values (B, 31), uniform when z is normal.

    z is first brought to unit mean square, as a StyleGAN2 mapping network does, so that two
    latents which the network cannot tell apart describe the same animal; then u = Phi(z).
    """
    z = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
    return 0.5 * (1 + torch.erf(z[:, : len(PARAMETERS)] / math.sqrt(2)))


def latent_from_unit(unit: Tensor) -> Tensor:
    """Unit values (B, 31) -> a latent z (B, 32) with `unit_from_latent(z)` close to `unit`.

    The last component fills z up to unit mean square. Where the others are already longer than
    that (values crowded at the ends of their ranges), the way back pulls them to the middle.
    """
    values = math.sqrt(2) * torch.erfinv((2 * unit - 1).clamp(-0.995, 0.995))
    rest = (LATENT_DIM - values.square().sum(1, keepdim=True)).clamp(min=0).sqrt()
    return torch.cat([values, rest], 1)


def sample_parameters(count: int, *, seed: int) -> Tensor:
    """`count` animals, uniform in every parameter: physical values (count, 31), on the CPU."""
    generator = torch.Generator().manual_seed(seed)
    return from_unit(torch.rand(count, len(PARAMETERS), generator=generator))

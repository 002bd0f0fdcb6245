"""What every part needs to draw itself, worked out once per picture; torch only."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from draggan.critters.anatomy import Anatomy, measure
from draggan.critters.colours import Colours, dye
from draggan.critters.geometry import rotation
from draggan.critters.light import Light, key_light
from draggan.critters.parameters import NAMES
from draggan.critters.view import View, look


class Stage(NamedTuple):
    values: dict[str, Tensor]  # (B,) each, by parameter name
    view: View
    turn: Tensor  # (B, 3, 3) head frame -> view space
    anatomy: Anatomy
    colours: Colours
    light: Light


def set_stage(parameters: Tensor, size: int) -> Stage:
    """For physical `parameters` (B, 31) and a picture of `size` x `size` pixels."""
    values = {name: parameters[:, i] for i, name in enumerate(NAMES)}
    return Stage(
        values,
        look(values, size),
        rotation(values["yaw"], values["pitch"], values["roll"]),
        measure(values),
        dye(values),
        key_light(values),
    )

"""The face as a layer: fur with its markings, blush and mouth on the head's shape; torch only."""

from __future__ import annotations

import torch
from torch import Tensor

from draggan.critters.anatomy import Anatomy
from draggan.critters.canvas import Layer
from draggan.critters.charts import Chart, chosen
from draggan.critters.colours import BLUSH, Planes, flat, mixed, scaled
from draggan.critters.geometry import per_picture, smoothstep
from draggan.critters.head import HeadSurface, head_chart, meet_head
from draggan.critters.mouth import MouthMark, paint_mouth, trace_mouth
from draggan.critters.stage import Stage


def draw_face(stage: Stage) -> Layer:
    """The whole head but ears, nose and eyes."""
    view, anatomy = stage.view, stage.anatomy
    surface = meet_head(view, anatomy, stage.turn)
    mark = trace_mouth(surface, anatomy, view.pixel)
    lit = scaled(_fur(stage, surface), stage.light.diffuse(surface.normal))
    return Layer(
        paint_mouth(lit, mark),
        view.coverage(surface.distance),
        surface.depth,
        lambda: _chart(surface, anatomy, mark),
    )


def _chart(surface: HeadSurface, anatomy: Anatomy, mark: MouthMark) -> Chart:
    return chosen(mark.inside > 0.5, mark.chart, head_chart(surface, anatomy))


def _fur(stage: Stage, surface: HeadSurface) -> Planes:
    """Unlit colour: pale muzzle and blaze over the fur, blush on the cheeks."""
    pale = torch.maximum(_muzzle_patch(stage.anatomy, surface), 0.85 * _blaze(stage, surface))
    fur = mixed(flat(stage.colours.fur), flat(stage.colours.muzzle), pale)
    return mixed(fur, BLUSH, _blush(stage.anatomy, surface))


def _muzzle_patch(anatomy: Anatomy, surface: HeadSurface) -> Tensor:
    x, y, _ = surface.place
    size, drop = anatomy.muzzle_size, anatomy.jaw_drop
    middle = per_picture(-anatomy.half_height * 0.34 - size * 0.22 - drop * 0.4)
    q = (x / per_picture(size * 1.28)) ** 2
    q = q + ((y - middle) / per_picture(size * 1.02 + drop * 0.62)) ** 2
    return smoothstep(1.18, 0.82, q) * surface.front


def _blaze(stage: Stage, surface: HeadSurface) -> Tensor:
    """The stripe from nose to forehead, as strong as the muzzle is light."""
    x, y, _ = surface.place
    height = stage.anatomy.half_height
    spread = x.abs() + 0.10 * (y - per_picture(height * 0.1)).clamp(min=-0.3)
    top = smoothstep(per_picture(height * 0.85), per_picture(height * 0.55), y)
    stripe = smoothstep(0.085, 0.035, spread) * top * smoothstep(-0.25, -0.05, y)
    return stripe * surface.front * per_picture(stage.values["muz_light"])


def _blush(anatomy: Anatomy, surface: HeadSurface) -> Tensor:
    x, y, _ = surface.place
    down = ((y + per_picture(anatomy.half_height * 0.30)) / 0.10) ** 2
    left, right = (
        smoothstep(1.0, 0.1, ((x - per_picture(anatomy.half_width * where)) / 0.13) ** 2 + down)
        for where in (-0.66, 0.66)
    )
    return (left + right) * surface.front * 0.40

"""The shoulders in their jumper, and the wall behind them; torch only."""

from __future__ import annotations

import torch

from draggan.critters.canvas import FAR, Canvas, Layer
from draggan.critters.charts import chart, ellipsoid_chart
from draggan.critters.colours import flat, scaled
from draggan.critters.geometry import hit_ellipsoid, quadric, rotation, smoothstep, vectors
from draggan.critters.stage import Stage

FOLLOWS_YAW = 0.3  # the shoulders turn less than the head
FOLLOWS_ROLL = 0.25


def empty_canvas(stage: Stage, *, with_chart: bool) -> Canvas:
    """The background: one colour, brighter in the middle and towards the top."""
    view = stage.view
    radius = view.picture_x**2 + (view.picture_y - 0.1) ** 2
    glow = (1.06 - 0.16 * radius) * (0.95 + 0.08 * view.picture_y)  # (1, H, W)
    red, green, blue = (
        channel.expand_as(view.x) for channel in scaled(flat(stage.colours.background), glow)
    )
    place = None
    if with_chart:
        across = ((view.picture_x + 1) / 2).expand_as(view.x)
        down = ((1 - view.picture_y) / 2).expand_as(view.x)
        place = chart("background", across, down)
    return Canvas((red, green, blue), torch.full_like(view.x, FAR), place)


def draw_body(stage: Stage) -> Layer:
    """Shoulders, in the head's shadow below the chin."""
    view, values = stage.view, stage.values
    yaw, roll = values["yaw"] * FOLLOWS_YAW, values["roll"] * FOLLOWS_ROLL
    turn = rotation(yaw, yaw * 0, roll)
    centre = vectors(yaw * 0, -0.98, -0.12)
    radii = vectors(yaw * 0 + 0.60, 0.56, 0.36)
    hit = hit_ellipsoid(view.x, view.y, centre, quadric(turn, radii))
    below_head = smoothstep(0.30, 0.02, -0.46 - view.y) * smoothstep(0.55, 0.2, view.x.abs())
    shade = stage.light.diffuse(hit.normal) * (1 - 0.40 * below_head)
    return Layer(
        scaled(flat(stage.colours.cloth), shade),
        view.coverage(hit.distance),
        hit.depth,
        lambda: ellipsoid_chart("body", hit.offset, turn, radii),
    )

"""The eyes: ball, iris, pupil, glint and lids in the eyeball's own frame; torch only."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from draggan.critters.anatomy import Eye
from draggan.critters.canvas import Layer
from draggan.critters.charts import Chart, chart, chosen, ellipsoid_chart
from draggan.critters.colours import GLINT, LASH, PUPIL, SCLERA, Planes, flat, mixed, scaled
from draggan.critters.geometry import (
    Hit,
    hit_ellipsoid,
    per_picture,
    quadric,
    rows_times,
    smoothstep,
    turned,
)
from draggan.critters.stage import Stage

IRIS_RADIUS = 0.60  # in radii of the ball
PUPIL_RADIUS = 0.33


class _Ball(NamedTuple):
    hit: Hit
    turn: Tensor  # (B, 3, 3) eyeball frame -> view space
    u: Tensor  # (B, H, W) across the ball, in radii
    v: Tensor  # (B, H, W) up the ball, in radii
    from_pupil: Tensor  # (B, H, W) distance from the pupil's middle, in radii
    softness: Tensor  # (B, 1, 1) a pixel, in radii


def draw_eye(stage: Stage, eye: Eye, suffix: str) -> Layer:
    """One eye; `suffix` is "l" or "r"."""
    ball = _meet(stage, eye)
    lid = _lid_cover(ball, eye)
    skin = scaled(flat(stage.colours.fur), stage.light.diffuse(ball.hit.normal) * 0.86)
    colour = mixed(_open_eye(stage, eye, ball), skin, lid)
    colour = mixed(colour, LASH, _lash(ball, eye))
    colour = mixed(colour, LASH, smoothstep(0.020, 0.004, ball.hit.distance) * 0.75)
    return Layer(
        colour,
        stage.view.coverage(ball.hit.distance),
        ball.hit.depth,
        lambda: _chart(ball, eye, lid, suffix),
    )


def _meet(stage: Stage, eye: Eye) -> _Ball:
    centre, radii = eye.ball
    turn = stage.turn @ eye.turn
    view = stage.view
    hit = hit_ellipsoid(view.x, view.y, turned(stage.turn, centre), quadric(turn, radii))
    local_x, local_y, _ = rows_times(turn.transpose(1, 2), hit.offset)
    u, v = local_x / per_picture(radii[:, 0]), local_y / per_picture(radii[:, 1])
    gaze_x, gaze_y = per_picture(eye.gaze[:, 0]), per_picture(eye.gaze[:, 1])
    from_pupil = ((u - gaze_x) ** 2 + (v - gaze_y) ** 2 + 1e-6).sqrt()
    return _Ball(hit, turn, u, v, from_pupil, per_picture(view.pixel / radii[:, 0]))


def _open_eye(stage: Stage, eye: Eye, ball: _Ball) -> Planes:
    """White, iris with a dark ring, pupil and glint."""
    gaze_x, gaze_y = per_picture(eye.gaze[:, 0]), per_picture(eye.gaze[:, 1])
    iris = ((IRIS_RADIUS - ball.from_pupil) / ball.softness + 0.5).clamp(0, 1)
    pupil = ((PUPIL_RADIUS - ball.from_pupil) / ball.softness + 0.5).clamp(0, 1)
    ring = iris * smoothstep(0.44, IRIS_RADIUS, ball.from_pupil)
    white = scaled(SCLERA, 0.80 + 0.22 * smoothstep(-0.9, 0.6, ball.v))
    glow = 1.0 - 0.45 * ring + 0.35 * smoothstep(0.2, -0.5, ball.v - gaze_y)
    colour = mixed(white, scaled(flat(stage.colours.iris), glow), iris)
    colour = mixed(colour, PUPIL, pupil)
    across = ball.u - gaze_x * 0.75 - per_picture(stage.light.side) * 0.18
    above = ball.v - gaze_y * 0.75 - 0.26
    glint = smoothstep(0.24, 0.12, (across**2 + above**2 + 1e-6).sqrt())
    return mixed(colour, GLINT, glint * 0.95)


def _lid_cover(ball: _Ball, eye: Eye) -> Tensor:
    opening = per_picture(eye.opening)
    upper = ((ball.v - eye.upper_lid(ball.u, opening)) / ball.softness + 0.5).clamp(0, 1)
    lower = ((eye.lower_lid(opening) - ball.v) / ball.softness + 0.5).clamp(0, 1)
    return torch.maximum(upper, lower)


def _lash(ball: _Ball, eye: Eye) -> Tensor:
    edge = eye.upper_lid(ball.u, per_picture(eye.opening))
    width = 0.075 + ball.softness * 0.5
    return (1 - (ball.v - edge).abs() / width).clamp(0, 1).sqrt() * 0.85


def _chart(ball: _Ball, eye: Eye, lid: Tensor, suffix: str) -> Chart:
    opening = per_picture(eye.opening)
    gaze_x, gaze_y = per_picture(eye.gaze[:, 0]), per_picture(eye.gaze[:, 1])
    white = ellipsoid_chart("eye_" + suffix, ball.hit.offset, ball.turn, eye.ball.radii)
    iris = chart("iris_" + suffix, (ball.u - gaze_x) / IRIS_RADIUS, (ball.v - gaze_y) / IRIS_RADIUS)
    upper = ball.v - eye.upper_lid(ball.u, opening)
    lower = ball.v - eye.lower_lid(opening)
    skin = chart("lid_" + suffix, ball.u, torch.where(upper > lower.neg(), upper, lower))
    return chosen(lid > 0.5, skin, chosen(ball.from_pupil < IRIS_RADIUS, iris, white))

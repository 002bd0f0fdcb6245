"""From parameters to a picture, its landmarks and its dense map; torch only.

All functions here are batched, differentiable in the parameters and free of branches on tensor
values, so that `torch.compile` can take them whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from draggan.critters.body import draw_body, empty_canvas
from draggan.critters.canvas import Canvas
from draggan.critters.colours import stacked
from draggan.critters.ears import draw_ear
from draggan.critters.eyes import draw_eye
from draggan.critters.face import draw_face
from draggan.critters.landmarks import locate
from draggan.critters.nose import draw_nose
from draggan.critters.parameters import PARAMETERS, ranges
from draggan.critters.stage import Stage, set_stage
from draggan.critters.visibility import landmark_visibility
from draggan.errors import BadInput

SMALLEST, LARGEST = 8, 2048


@dataclass(frozen=True)
class Scene:
    """A picture and where its landmarks are, in the order of `LANDMARKS`."""

    image: Tensor  # (B, 3, H, W) in [-1, 1]
    landmarks: Tensor  # (B, 17, 2) picture points (x, y); pixel centres lie at +.5


@dataclass(frozen=True)
class DenseScene(Scene):
    """A scene that also knows what is seen where; see `charts` for the parts and their (u, v)."""

    visibility: Tensor  # (B, 17) in [0, 1]
    canonical: Tensor  # (B, 3, H, W): part index, u, v of the part that fills most of the pixel


def render(parameters: Tensor, size: int = 128) -> Scene:
    """Draw animals with physical `parameters` (B, 31) in squares of `size` pixels.

    Values outside their ranges are clamped to them. Raises BadInput for a tensor of another shape
    and for sizes outside 8..2048.
    """
    stage = _stage(parameters, size)
    canvas = _paint(stage, with_chart=False)
    return Scene(_image(canvas), stage.view.to_pixels(_landmarks(stage)))


@torch.no_grad()
def render_dense(parameters: Tensor, size: int = 128) -> DenseScene:
    """As `render`, with visibility and the canonical map; carries no gradients."""
    stage = _stage(parameters, size)
    canvas = _paint(stage, with_chart=True)
    places = _landmarks(stage)
    assert canvas.chart is not None
    return DenseScene(
        _image(canvas),
        stage.view.to_pixels(places),
        landmark_visibility(stage, places, canvas.depth),
        torch.stack(canvas.chart, 1),
    )


def landmarks(parameters: Tensor, size: int = 128) -> Tensor:
    """What `render(parameters, size).landmarks` would be, (B, 17, 2), without the picture."""
    stage = _stage(parameters, SMALLEST)
    return stage.view.to_pixels(_landmarks(stage)) * (size / SMALLEST)


def _stage(parameters: Tensor, size: int) -> Stage:
    if parameters.ndim != 2 or parameters.shape[1] != len(PARAMETERS):
        raise BadInput(
            f"Critters need a table of {len(PARAMETERS)} numbers each, "
            f"not a tensor of shape {tuple(parameters.shape)}.",
            hint="Pass a tensor (number of animals, 31), for example from sample_parameters().",
        )
    if not SMALLEST <= size <= LARGEST:
        raise BadInput(
            f"A critter cannot be drawn {size} pixels wide.",
            hint=f"Choose a size from {SMALLEST} to {LARGEST}.",
        )
    low, high = ranges(parameters)
    return set_stage(torch.minimum(torch.maximum(parameters, low), high), size)


def _paint(stage: Stage, *, with_chart: bool) -> Canvas:
    """Back to front; the depth test settles what the order does not."""
    left, right = stage.anatomy.ears
    left_eye, right_eye = stage.anatomy.eyes
    canvas = empty_canvas(stage, with_chart=with_chart)
    canvas = canvas.painted(draw_body(stage))
    canvas = canvas.painted(draw_ear(stage, left, "ear_l"))
    canvas = canvas.painted(draw_ear(stage, right, "ear_r"))
    canvas = canvas.painted(draw_face(stage))
    canvas = canvas.painted(draw_nose(stage))
    canvas = canvas.painted(draw_eye(stage, left_eye, "l"))
    return canvas.painted(draw_eye(stage, right_eye, "r"))


def _image(canvas: Canvas) -> Tensor:
    return stacked(canvas.colour).clamp(0, 1) * 2 - 1


def _landmarks(stage: Stage) -> Tensor:
    """All landmarks in view space, (B, 17, 3)."""
    return locate(stage.anatomy) @ stage.turn.transpose(1, 2)

"""The nose: a dark, wet button on the muzzle; torch only."""

from __future__ import annotations

from draggan.critters.canvas import Layer
from draggan.critters.charts import ellipsoid_chart
from draggan.critters.colours import NOSE, scaled
from draggan.critters.geometry import hit_ellipsoid, quadric, turned
from draggan.critters.stage import Stage


def draw_nose(stage: Stage) -> Layer:
    """The nose with its highlight."""
    nose, turn, view = stage.anatomy.nose, stage.turn, stage.view
    hit = hit_ellipsoid(view.x, view.y, turned(turn, nose.centre), quadric(turn, nose.radii))
    shine = stage.light.glossy(hit.normal) * 0.8
    red, green, blue = scaled(NOSE, stage.light.diffuse(hit.normal, rim=0.1))
    return Layer(
        (red + shine, green + shine, blue + shine),
        view.coverage(hit.distance),
        hit.depth,
        lambda: ellipsoid_chart("nose", hit.offset, turn, nose.radii),
    )

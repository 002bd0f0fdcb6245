"""The picture while it grows: layers with depth, painted one over the other; torch only."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from draggan.critters.charts import Chart, chosen
from draggan.critters.colours import mixed
from draggan.critters.geometry import Planes

FAR = -3.0  # depth of the background
CONTACT = 60.0  # sharpness of the depth test: surfaces closer than about 1/60 shine through


class Layer(NamedTuple):
    """One part of the animal as the viewer sees it alone."""

    colour: Planes
    coverage: Tensor  # (B, H, W) share of the pixel
    depth: Tensor  # (B, H, W)
    chart: Callable[[], Chart]  # computed only when the canonical map is asked for


class Canvas(NamedTuple):
    colour: Planes
    depth: Tensor  # (B, H, W)
    chart: Chart | None  # None: nobody asked for it

    def painted(self, layer: Layer) -> Canvas:
        """This canvas with `layer` where it lies in front of what is there already."""
        in_front = torch.sigmoid((layer.depth - self.depth) * CONTACT)
        alpha = layer.coverage * in_front
        chart = self.chart
        if chart is not None:
            chart = chosen(alpha > 0.5, layer.chart(), chart)
        return Canvas(
            mixed(self.colour, layer.colour, alpha),
            self.depth + (layer.depth - self.depth) * alpha,
            chart,
        )

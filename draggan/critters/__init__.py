"""Critters: a procedural renderer of cartoon animal heads, with exact landmarks; torch only.

It draws the pictures that the default model is trained on, and since it knows where everything is,
it is also the ruler that drags are measured with.
"""

from draggan.critters.charts import PARTS, part_index
from draggan.critters.landmarks import LANDMARK_PARTS, LANDMARKS, landmark_index
from draggan.critters.parameters import (
    LATENT_DIM,
    NAMES,
    PARAMETERS,
    Parameter,
    columns_of,
    from_unit,
    latent_from_unit,
    parameter_index,
    sample_parameters,
    to_unit,
    unit_from_latent,
)
from draggan.critters.scene import DenseScene, Scene, landmarks, render, render_dense

__all__ = [
    "LANDMARKS",
    "LANDMARK_PARTS",
    "LATENT_DIM",
    "NAMES",
    "PARAMETERS",
    "PARTS",
    "DenseScene",
    "Parameter",
    "Scene",
    "columns_of",
    "from_unit",
    "landmark_index",
    "landmarks",
    "latent_from_unit",
    "parameter_index",
    "part_index",
    "render",
    "render_dense",
    "sample_parameters",
    "to_unit",
    "unit_from_latent",
]

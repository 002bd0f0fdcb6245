"""Held-out animals and the latents that a generator was taught to draw them from; torch only."""

from __future__ import annotations

import torch
from torch import Tensor

from draggan.critters import LATENT_DIM
from draggan.errors import BadInput
from draggan.generator import Generator
from draggan.stylegan2 import Mapping
from draggan.stylegan2_generator import StyleGAN2Generator


def held_out_latents(count: int, *, seed: int) -> Tensor:
    """Normal z (count, 32); training draws from a continuum, so no seed repeats its lessons."""
    return torch.randn(count, LATENT_DIM, generator=torch.Generator().manual_seed(seed))


def critter_mapping(generator: Generator) -> Mapping:
    """What turns z into w. Raises BadInput for generators that were not taught on critters."""
    if isinstance(generator, StyleGAN2Generator):
        mapping = generator.network.mapping
        if generator.z_dim == LATENT_DIM and not generator.label_dim:
            return mapping
    raise BadInput(
        f"The model '{generator.name}' does not draw critters, so there is no truth to measure by.",
        hint="Choose the model 'critters' or one made with `draggan train`.",
    )

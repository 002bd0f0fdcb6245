"""Fixtures that several test modules share: small random networks, and one thread to run them."""

from __future__ import annotations

import pytest
import torch

from draggan.stylegan2 import Architecture, StyleGAN2
from draggan.stylegan2_generator import StyleGAN2Generator

torch.set_num_threads(1)  # the networks are tiny: more threads would only wait for each other


def random_stylegan2(architecture: Architecture, *, seed: int = 0) -> StyleGAN2:
    """A network in which nothing is zero: noise strengths, biases and w_avg are random too."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = StyleGAN2(architecture)
        for name, tensor in network.state_dict().items():
            if name.endswith(("bias", "noise_strength", "w_avg")):
                tensor.add_(torch.randn_like(tensor), alpha=0.1)
    return network


@pytest.fixture
def tiny_generator() -> StyleGAN2Generator:
    """A random 32 px StyleGAN2: w_dim 16, 8 rows of W+, blocks 4, 8, 16 and 32."""
    architecture = Architecture(
        channels=(16, 16, 12, 8), z_dim=16, w_dim=16, mapping_layers=2, mapping_lr=0.1
    )
    return StyleGAN2Generator(random_stylegan2(architecture), name="tiny")

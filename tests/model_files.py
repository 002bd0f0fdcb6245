"""Tiny models and foreign files of them, for the tests of importing, registry and commands."""

from __future__ import annotations

from pathlib import Path

import torch

from draggan.checkpoint.layouts import state_dict_in
from draggan.discriminator import Discriminator, DiscriminatorArchitecture
from draggan.stylegan2 import Architecture, StyleGAN2

from .conftest import random_stylegan2

TINY = Architecture(channels=(8, 8, 6), z_dim=8, w_dim=8, mapping_layers=2)  # 16 px


def tiny_network(seed: int = 0) -> StyleGAN2:
    return random_stylegan2(TINY, seed=seed)


def tiny_discriminator() -> Discriminator:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return Discriminator(DiscriminatorArchitecture(channels=TINY.channels))


def state_dict_file(path: Path, seed: int = 0) -> Path:
    """A `.pt` of NVIDIA's names, as other programs save theirs."""
    torch.save(state_dict_in("nvidia", tiny_network(seed), tiny_discriminator()), path)
    return path

"""Small pictures from features: they are what the render is, made smaller."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from draggan.stylegan2 import Architecture
from draggan.stylegan2_generator import StyleGAN2Generator
from draggan.thumbnail import Readout, ReadoutFit, blocks
from tests.conftest import random_stylegan2


@pytest.fixture(scope="module")
def generator() -> StyleGAN2Generator:
    channels = (16, 16, 16, 16, 8)
    return StyleGAN2Generator(random_stylegan2(Architecture(channels, z_dim=8, w_dim=8)))


def fitted(generator: StyleGAN2Generator, batches: int = 8) -> Readout | None:
    fit = ReadoutFit(32)
    for k in range(batches):
        ws = generator.sample([2 * k, 2 * k + 1])
        features = generator.features(ws, 32)
        fit.add(features, generator.picture_at(features, ws), generator.render(ws))
    return fit.solved()


def small(generator: StyleGAN2Generator, ws: torch.Tensor) -> torch.Tensor:
    return F.interpolate(generator.render(ws), (32, 32), mode="area")


def test_a_small_picture_is_the_render_made_smaller(generator: StyleGAN2Generator) -> None:
    readout, ws = fitted(generator), generator.sample([900])
    assert readout is not None
    wanted = small(generator, ws)
    error = (readout.picture(generator, ws) - wanted).square().mean()
    blind = (wanted - wanted.mean((2, 3), keepdim=True)).square().mean()
    assert error < 0.5 * blind


def test_the_linear_look_comes_nearer_than_the_sum_of_rgb_layers(
    generator: StyleGAN2Generator,
) -> None:
    readout, ws = fitted(generator), generator.sample([900])
    assert readout is not None
    features = generator.features(ws, 32)
    wanted, plain = small(generator, ws), generator.picture_at(features, ws)
    assert plain is not None
    read = readout.picture(generator, ws)
    assert (read - wanted).square().mean() < (plain - wanted).square().mean()


def test_it_says_how_true_it_is_to_pictures_it_has_not_seen(generator: StyleGAN2Generator) -> None:
    readout, ws = fitted(generator, batches=40), generator.sample(range(900, 916))
    assert readout is not None
    error = (readout.picture(generator, ws) - small(generator, ws)).square().mean()
    assert readout.psnr == pytest.approx(float(10 * torch.log10(4 / error)), abs=3)


def test_gradients_reach_the_latent(generator: StyleGAN2Generator) -> None:
    readout, ws = fitted(generator), generator.sample([3]).requires_grad_(True)
    assert readout is not None
    readout.picture(generator, ws).sum().backward()
    assert ws.grad is not None and bool((ws.grad[:, 0] != 0).any())


def test_one_batch_is_too_few(generator: StyleGAN2Generator) -> None:
    assert fitted(generator, batches=1) is None


def test_only_blocks_that_save_something_are_looked_at(generator: StyleGAN2Generator) -> None:
    assert blocks(generator) == (32,)

"""The discriminator agrees with the slow float64 reference."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from draggan.discriminator import Discriminator, DiscriminatorArchitecture, minibatch_std

from . import stylegan2_reference as reference


@pytest.fixture
def discriminator() -> Discriminator:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Discriminator(DiscriminatorArchitecture((5, 4, 3))).double()
        for name, tensor in network.state_dict().items():
            if name.endswith("bias"):
                tensor.normal_()
    return network


def pictures(count: int) -> torch.Tensor:
    random = torch.Generator().manual_seed(1)
    return torch.randn(count, 3, 16, 16, generator=random, dtype=torch.float64)


def test_the_logits_are_those_of_the_reference(discriminator: Discriminator):
    state = {name: tensor.numpy() for name, tensor in discriminator.state_dict().items()}
    images = pictures(3)
    theirs = reference.discriminator(state, images.numpy(), resolution=16)
    mine = discriminator(images).detach().numpy()[:, 0]
    np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-10)


def test_features_halve_from_block_to_block(discriminator: Discriminator):
    shapes = [tuple(m.shape) for m in discriminator.features(pictures(2))]
    assert shapes == [(2, 4, 8, 8), (2, 5, 4, 4)]


def test_every_parameter_learns(discriminator: Discriminator):
    discriminator(pictures(2)).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in discriminator.parameters())


def test_equal_pictures_have_no_variation_and_any_batch_can_be_grouped():
    alike = torch.ones(5, 2, 4, 4)
    assert minibatch_std(alike).shape == (5, 1, 4, 4)
    assert minibatch_std(alike).max() < 1e-3
    signs = torch.tensor([1.0, 1.0, -1.0, -1.0] * 2).view(8, 1, 1, 1).expand(8, 2, 4, 4)
    torch.testing.assert_close(minibatch_std(signs), torch.ones(8, 1, 4, 4))


def test_the_parameters_have_the_published_names(discriminator: Discriminator):
    names = set(discriminator.state_dict())
    for name in ("b16.fromrgb.weight", "b16.conv0.bias", "b8.conv1.weight", "b8.skip.weight"):
        assert name in names
    assert {"b4.conv.weight", "b4.fc.weight", "b4.out.bias"} <= names
    assert "b8.skip.bias" not in names and "b8.fromrgb.weight" not in names

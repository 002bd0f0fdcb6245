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


@pytest.mark.parametrize(
    "architecture",
    [
        DiscriminatorArchitecture((6, 4, 3), kind="skip", conv_clamp=0.7, group_maps=3),
        DiscriminatorArchitecture((6, 4, 3), kind="orig", conv_clamp=0.7, group_maps=0),
        DiscriminatorArchitecture(
            (6, 4, 3), c_dim=2, label_width=5, mapping_layers=2, mapping_width=4, embed_width=3
        ),
    ],
    ids=["skip", "orig", "conditional"],
)
def test_so_are_those_of_the_other_kinds(architecture: DiscriminatorArchitecture):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = Discriminator(architecture).double()
        for name, tensor in network.state_dict().items():
            if name.endswith("bias"):
                tensor.normal_(std=30 if name.startswith("mapping.fc") else 1)
    images, labels = pictures(3), np.eye(2)[[0, 1, 1]] if architecture.c_dim else None
    theirs = reference.discriminator(
        {name: tensor.numpy() for name, tensor in network.state_dict().items()},
        images.numpy(),
        resolution=16,
        kind=architecture.kind,
        clamp=architecture.conv_clamp,
        maps=architecture.group_maps,
        labels=labels,
        layers=architecture.mapping_layers,
    )
    one_hot = None if labels is None else torch.from_numpy(labels)
    mine = network(images, one_hot).detach().numpy()[:, 0]
    np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-10)
    shapes = [tuple(m.shape[1:]) for m in network.features(images)]
    assert shapes == [(4, 8, 8), (6, 4, 4)]


def test_a_conditional_discriminator_needs_a_label():
    network = Discriminator(DiscriminatorArchitecture((4, 3), c_dim=2, label_width=4))
    with pytest.raises(ValueError, match="label"):
        network(torch.zeros(1, 3, 8, 8))


def test_groups_can_be_as_large_as_the_batch_and_have_several_maps():
    signs = torch.tensor([1.0, 1.0, 1.0, -1.0, -1.0, -1.0]).view(6, 1, 1, 1)
    x = torch.cat([signs, 0 * signs], 1).expand(6, 2, 4, 4)
    variation = minibatch_std(x, group_size=None, maps=2)
    assert variation.shape == (6, 2, 4, 4)
    torch.testing.assert_close(variation[:, 0], torch.ones(6, 4, 4))
    assert variation[:, 1].max() < 1e-3
    in_pairs = minibatch_std(x, group_size=2, maps=1)  # of pictures that differ: 0 and 3, ...
    torch.testing.assert_close(in_pairs, torch.full((6, 1, 4, 4), 0.5), atol=1e-3, rtol=0)


def test_an_architecture_is_plain_values():
    stated = DiscriminatorArchitecture((4, 3), end_size=(2, 4)).to_dict()
    assert stated["channels"] == [4, 3] and stated["end_size"] == [2, 4]
    assert stated["kind"] == "resnet" and stated["conv_clamp"] is None

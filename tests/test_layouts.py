"""Exports have the names and shapes that other tools load strictly, and come back the same."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from draggan.checkpoint.families import Imported, recognise
from draggan.checkpoint.layouts import LAYOUTS, channel_base, remarks, state_dict_in
from draggan.discriminator import Discriminator, DiscriminatorArchitecture
from draggan.errors import BadInput
from draggan.stylegan2 import Architecture, StyleGAN2

from . import foreign_files as foreign
from .foreign_files import Plan

PLAN = Plan(z_dim=6)


def numbers(saved: dict[str, object]) -> dict[str, object]:
    """What reading the file back gives."""
    return {
        key: value.numpy()
        if isinstance(value, torch.Tensor)
        else {name: tensor.numpy() for name, tensor in value.items()}
        for key, value in saved.items()
    }


def networks(plan: Plan = PLAN) -> Imported:
    generator, critic = foreign.generator_tensors(plan), foreign.discriminator_tensors(plan)
    return recognise(numbers({"G_ema": generator, "D": critic}), name="x")


def shapes(tensors: dict[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def test_nvidias_names_and_shapes_are_exactly_those_of_its_networks():
    found = networks()
    saved = state_dict_in("nvidia", found.network, found.discriminator)
    assert shapes(saved["G_ema"]) == shapes(foreign.generator_tensors(PLAN))
    assert shapes(saved["D"]) == shapes(foreign.discriminator_tensors(PLAN))


def test_rosinalitys_tensors_are_exactly_those_of_its_networks():
    found = networks()
    saved = state_dict_in("rosinality", found.network, found.discriminator)
    generator = foreign.rosinality_generator(foreign.generator_tensors(PLAN))
    critic = foreign.rosinality_discriminator(foreign.discriminator_tensors(PLAN))
    torch.testing.assert_close(saved["g_ema"], generator)
    torch.testing.assert_close(saved["d"], critic)
    torch.testing.assert_close(saved["latent_avg"], found.network.mapping.w_avg)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("noise", [True, False])
def test_an_export_read_again_draws_the_same(layout: str, noise: bool):
    found = networks(dataclasses.replace(PLAN, noise=noise))
    network = found.network
    a = dataclasses.replace(network.architecture, mapping_lr=0.02)
    other = StyleGAN2(a)
    other.load_state_dict(network.state_dict())  # other arithmetic, hence other pictures
    again = recognise(numbers(state_dict_in(layout, other, found.discriminator)), name="x")
    z = torch.randn(2, 6, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(again.network(z), other(z), rtol=0, atol=1e-4)
        assert not torch.allclose(other(z), network(z), atol=1e-2)
        picture = again.network(z)
        assert found.discriminator is not None and again.discriminator is not None
        torch.testing.assert_close(again.discriminator(picture), found.discriminator(picture))


def test_an_export_shares_nothing_with_the_network():
    found = networks()
    saved = state_dict_in("nvidia", found.network)
    saved["G_ema"]["synthesis.b4.const"].zero_()
    assert found.network.synthesis.block(4).const.any()


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (Plan(z_dim=6, kind="resnet"), "resnet"),
        (Plan(z_dim=6, c_dim=2), "classes"),
        (Plan(z_dim=6, const=(4, 2)), "oblong"),
        (Plan(z_dim=7), "widths"),
        (Plan(z_dim=6, width=5), "widths"),
    ],
)
def test_what_rosinalitys_class_has_no_place_for_is_refused(plan: Plan, said: str):
    with pytest.raises(BadInput, match=said) as caught:
        state_dict_in("rosinality", networks(plan).network)
    assert "nvidia" in caught.value.hint


def test_a_discriminator_that_rosinality_does_not_have_is_left_out_and_said():
    found = networks(dataclasses.replace(PLAN, discriminator="skip"))
    assert "d" not in state_dict_in("rosinality", found.network, found.discriminator)
    said = remarks("rosinality", found.network, found.discriminator)
    assert any("left out" in sentence for sentence in said)


@pytest.mark.parametrize("call", [state_dict_in, remarks])
def test_unknown_layouts_are_refused(call):
    with pytest.raises(BadInput, match="tensorflow") as caught:
        call("tensorflow", networks().network)
    assert "nvidia and rosinality" in caught.value.hint


def test_the_remarks_name_the_constructors_arguments():
    network = StyleGAN2(Architecture((8, 8, 4), z_dim=6, w_dim=6, mapping_layers=2, conv_clamp=256))
    (nvidia,) = remarks("nvidia", network)
    for part in ("img_resolution=16", "'channel_base': 64", "'channel_max': 8", "'num_layers': 2"):
        assert part in nvidia
    rosinality = " ".join(remarks("rosinality", network))
    assert "size=16, style_dim=6, n_mlp=2" in rosinality
    assert "16 px: 4" in rosinality and "clamps layers at 256" in rosinality


def test_nvidias_remarks_tell_of_shapes_that_the_published_class_lacks():
    network = StyleGAN2(Architecture((4, 8), z_dim=6, w_dim=6, const_size=(2, 4)))
    critic = Discriminator(DiscriminatorArchitecture((4, 8), end_size=(2, 4)))
    said = " ".join(remarks("nvidia", network, critic))
    assert "no channel_base" in said and "2 x 4 px" in said and "mbstd_group_size 4" in said


@pytest.mark.parametrize(
    ("channels", "base"),
    [((512, 512, 512, 512, 512, 256), 32768), ((64, 32), 256), ((8,), 32), ((4, 8), None)],
)
def test_the_channel_base_is_that_of_the_published_schedule(channels: tuple, base: int | None):
    assert channel_base(channels) == base

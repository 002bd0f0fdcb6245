"""The StyleGAN2 modules agree with the slow float64 reference, in every architecture."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import Tensor

from draggan.stylegan2 import Architecture, Kind, StyleGAN2, channel_schedule

from . import stylegan2_reference as reference
from .conftest import random_stylegan2

ODD = Architecture(channels=(7, 5, 6, 3), z_dim=9, w_dim=10, mapping_layers=2, mapping_lr=0.1)


def network_of(**changes: object) -> StyleGAN2:
    fields = {**ODD.to_dict(), **changes}
    fields["channels"] = tuple(fields["channels"])
    return random_stylegan2(Architecture(**fields)).double()


def state_of(network: StyleGAN2) -> dict[str, np.ndarray]:
    return {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}


def latents(network: StyleGAN2, batch: int = 2) -> Tensor:
    random = torch.Generator().manual_seed(1)
    shape = (batch, network.architecture.num_ws, network.architecture.w_dim)
    return torch.randn(*shape, generator=random, dtype=torch.float64)


def assert_renders_as_the_reference(network: StyleGAN2, *, noise: bool = True) -> None:
    a, ws, state = network.architecture, latents(network), state_of(network)
    with torch.no_grad():
        mine = network.synthesis(ws, noise="const" if noise else "none").numpy()
    for image, w in zip(mine, ws.numpy(), strict=True):
        noisy = noise and a.use_noise
        theirs = reference.synthesis(state, w, kind=a.kind, noise=noisy, clamp=a.conv_clamp)
        np.testing.assert_allclose(image, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", ["skip", "orig", "resnet"])
def test_each_architecture_renders_as_the_reference(kind: Kind):
    assert_renders_as_the_reference(network_of(kind=kind))


@pytest.mark.parametrize("kind", ["skip", "resnet"])
def test_the_clamp_holds_as_in_the_reference(kind: Kind):
    network = network_of(kind=kind, conv_clamp=0.7)
    assert_renders_as_the_reference(network)
    assert network.synthesis(latents(network)).abs().max() < 20


def test_noise_can_be_left_out():
    assert_renders_as_the_reference(network_of(), noise=False)


def test_a_network_can_have_no_noise_at_all():
    network = network_of(use_noise=False)
    assert not any("noise" in name for name in network.state_dict())
    assert_renders_as_the_reference(network)


def test_random_noise_of_a_given_generator_can_be_repeated():
    network = network_of()
    ws, state = latents(network), torch.get_rng_state()
    seeded = [torch.Generator().manual_seed(seed) for seed in (5, 5, 6)]
    with torch.no_grad():
        one, again, other = (network.synthesis(ws, noise=noise) for noise in seeded)
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), state)


def test_random_noise_differs_from_call_to_call_and_averages_to_none():
    network = network_of(channels=[4])
    ws = latents(network, 1)
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        one, other = (network.synthesis(ws, noise="random") for _ in range(2))
        mean = network.synthesis(ws.expand(2000, -1, -1), noise="random").mean(0)
        none = network.synthesis(ws, noise="none")
    assert not torch.equal(one, other)
    assert (mean - none).abs().max() < 0.1 * (one - none).abs().max()


def test_the_mapping_follows_the_reference():
    network = network_of()
    z = torch.randn(3, 9, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    ws = network.mapping(z).detach().numpy()
    assert ws.shape == (3, 8, 10)
    for rows, one in zip(ws, z.numpy(), strict=True):
        theirs = reference.mapping(state_of(network), one, layers=2, lr=0.1, label=None)
        np.testing.assert_allclose(rows, np.tile(theirs, (8, 1)), rtol=0, atol=1e-12)


def test_labels_reach_the_latent_as_in_the_reference():
    network = network_of(c_dim=3)
    z = torch.randn(1, 9, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    label = torch.tensor([[0.0, 1.0, 0.0]], dtype=torch.float64)
    mine = network.mapping.to_w(z, label)[0].detach().numpy()
    theirs = reference.mapping(
        state_of(network), z[0].numpy(), layers=2, lr=0.1, label=label[0].numpy()
    )
    np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-12)


def test_truncation_pulls_the_rows_before_the_cutoff_towards_the_mean():
    mapping = network_of().mapping
    z = torch.randn(1, 9, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    full, mean = mapping(z), mapping.w_avg
    torch.testing.assert_close(mapping(z, truncation=0.6), mean + 0.6 * (full - mean))
    cut = mapping(z, truncation=0.6, cutoff=3)
    torch.testing.assert_close(cut[:, :3], mean + 0.6 * (full[:, :3] - mean))
    assert torch.equal(cut[:, 3:], full[:, 3:])


def test_gradients_agree_with_finite_differences():
    network = network_of(channels=[3, 2], w_dim=4).requires_grad_(False)
    ws = latents(network, 1).requires_grad_()
    assert torch.autograd.gradcheck(network.synthesis, (ws,))


def test_every_parameter_learns():
    network = network_of(c_dim=2, kind="resnet")
    z = torch.randn(2, 9, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    network(z, torch.eye(2, dtype=torch.float64)).square().sum().backward()
    idle = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


def test_changing_frozen_weights_in_place_changes_the_picture_as_it_should():
    network = network_of().requires_grad_(False)
    ws = latents(network)
    before = network.synthesis(ws)
    for parameter in network.parameters():
        parameter.mul_(1.1)
    assert not torch.allclose(network.synthesis(ws), before)
    assert_renders_as_the_reference(network)


def test_frozen_weights_met_in_inference_mode_can_be_differentiated_through_later():
    network = network_of().requires_grad_(False)
    with torch.inference_mode():
        network.synthesis(latents(network))
    ws = latents(network).requires_grad_()
    network.synthesis(ws).sum().backward()
    assert ws.grad is not None and ws.grad.any()


def test_maps_may_have_less_precision_than_weights():
    network = network_of().float()
    ws = latents(network).float().requires_grad_()
    outputs = network.synthesis.features(ws, 32, precision=torch.bfloat16)
    assert {x.dtype for x in outputs} == {torch.bfloat16}
    mine, exact = network.synthesis.resume(outputs, ws), network.synthesis(ws)
    assert mine.dtype == torch.float32
    assert (mine - exact).abs().mean() < 0.02 * exact.abs().mean()
    mine.square().sum().backward()
    assert ws.grad is not None and ws.grad.isfinite().all()


def test_parameters_have_the_published_names():
    names = set(network_of(c_dim=2).state_dict())
    assert {"mapping.embed.weight", "mapping.fc1.bias", "mapping.w_avg"} <= names
    block = {name[len("synthesis.b8.") :] for name in names if name.startswith("synthesis.b8.")}
    layer = {"weight", "bias", "noise_strength", "noise_const", "resample_filter"}
    layer |= {"affine.weight", "affine.bias"}
    expected = {f"conv{i}.{name}" for i in (0, 1) for name in layer} | {"resample_filter"}
    expected |= {f"torgb.{n}" for n in ("weight", "bias", "affine.weight", "affine.bias")}
    assert block == expected
    first = {name.split(".")[2] for name in names if name.startswith("synthesis.b4.")}
    assert first == {"const", "conv1", "torgb", "resample_filter"}


def test_an_architecture_is_fit_for_json_and_knows_its_size():
    assert ODD.resolution == 32 and ODD.blocks == (4, 8, 16, 32) and ODD.num_ws == 8
    fields = json.loads(json.dumps(ODD.to_dict()))
    lists = {name: tuple(fields[name]) for name in ("channels", "const_size")}
    assert Architecture(**{**fields, **lists}) == ODD


def test_a_picture_may_be_taller_than_wide():
    network = StyleGAN2(Architecture(channels=(8, 6, 4), z_dim=5, w_dim=6, const_size=(2, 4)))
    assert network(torch.randn(1, 5)).shape == (1, 3, 16, 8)


def test_the_published_channel_schedule():
    assert channel_schedule(1024) == (512, 512, 512, 512, 512, 256, 128, 64, 32)
    assert channel_schedule(64, channel_base=1024, channel_max=100) == (100, 100, 64, 32, 16)

"""StyleGAN2 as a generator: latents, early exit, prior, weight deltas."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from draggan.checkpoint import load_generator
from draggan.errors import BadInput
from draggan.generator import WeightDelta
from draggan.stylegan2 import Architecture, Kind
from draggan.stylegan2_generator import StyleGAN2Generator

from .conftest import random_stylegan2

NAME = "synthesis.b8.conv0.weight"


def generator_of(kind: Kind = "skip", c_dim: int = 0) -> StyleGAN2Generator:
    architecture = Architecture(
        channels=(6, 6, 5), z_dim=8, w_dim=7, kind=kind, c_dim=c_dim, mapping_layers=2
    )
    return StyleGAN2Generator(random_stylegan2(architecture))


def test_a_seed_means_what_it_means_elsewhere(tiny_generator: StyleGAN2Generator):
    z = np.random.RandomState(7).randn(1, 16)
    expected = tiny_generator.network.mapping(torch.from_numpy(z).float(), truncation=0.7)
    assert torch.equal(tiny_generator.sample([7], truncation=0.7), expected)


def test_sampling_leaves_global_random_numbers_alone(tiny_generator: StyleGAN2Generator):
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    tiny_generator.sample([1, 2])
    tiny_generator.prior()
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)


def test_no_seeds_give_no_latents(tiny_generator: StyleGAN2Generator):
    assert tiny_generator.sample([]).shape == (0, 8, 16)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused(tiny_generator: StyleGAN2Generator, seed: int):
    with pytest.raises(BadInput):
        tiny_generator.sample([seed])


def test_labels_choose_the_class_and_zero_is_the_default():
    generator = generator_of(c_dim=3)
    assert torch.equal(generator.sample([1]), generator.sample([1], label=0))
    assert not torch.equal(generator.sample([1]), generator.sample([1], label=2))


@pytest.mark.parametrize(("c_dim", "label"), [(0, 0), (3, 3), (3, -1)])
def test_labels_that_the_model_does_not_have_are_refused(c_dim: int, label: int):
    with pytest.raises(BadInput):
        generator_of(c_dim=c_dim).sample([1], label=label)


@pytest.mark.parametrize("kind", ["skip", "orig", "resnet"])
def test_going_on_from_features_gives_the_picture(kind: Kind):
    generator = generator_of(kind)
    ws = generator.sample([1, 2])
    for block in generator.blocks:
        features = generator.features(ws[:, : generator.rows(block)], block)
        assert features.map.shape[-2:] == (features.grid.height, features.grid.width)
        assert torch.equal(generator.render_from(features, ws), generator.render(ws))


@pytest.mark.parametrize("kind", ["skip", "orig", "resnet"])
def test_the_rows_of_a_block_are_exactly_those_with_influence(kind: Kind):
    generator = generator_of(kind)
    ws = generator.sample([1]).requires_grad_()
    for block in generator.blocks:
        (gradient,) = torch.autograd.grad(generator.features(ws, block).map.square().sum(), ws)
        influence = gradient[0].abs().amax(1) > 0  # (num_ws,)
        assert influence.tolist() == [row < generator.rows(block) for row in range(6)]
        assert generator.rows(block) == 2 * int(np.log2(block)) - 3


def test_parameters_get_no_gradients(tiny_generator: StyleGAN2Generator):
    ws = tiny_generator.sample([1]).requires_grad_()
    tiny_generator.render(ws).sum().backward()
    assert all(p.grad is None for p in tiny_generator.network.parameters())


@pytest.mark.parametrize("shape", [(8, 16), (1, 4, 16), (1, 8, 15)])
def test_a_latent_of_another_model_is_refused(tiny_generator: StyleGAN2Generator, shape):
    with pytest.raises(BadInput):
        tiny_generator.features(torch.zeros(shape), 16)


def test_a_block_that_is_not_there_is_refused(tiny_generator: StyleGAN2Generator):
    with pytest.raises(BadInput, match="64"):
        tiny_generator.rows(64)


@pytest.mark.parametrize("c_dim", [0, 3])
def test_the_prior_describes_samples(c_dim: int):
    generator = generator_of(c_dim=c_dim)
    labels = range(c_dim) if c_dim else [None]
    ws = torch.cat([generator.sample(range(500), label=label)[:, 0] for label in labels])
    prior = generator.prior()
    assert prior is generator.prior()
    torch.testing.assert_close(prior.mean, ws.mean(0), rtol=0, atol=0.2 * prior.std.max().item())
    torch.testing.assert_close(prior.std, ws.std(0), rtol=0.15, atol=0.01)


def test_weight_deltas_are_added_stack_and_leave_the_original_alone(
    tiny_generator: StyleGAN2Generator,
):
    ws = tiny_generator.sample([1])
    before, weight = tiny_generator.render(ws), tiny_generator.network.state_dict()[NAME]
    delta = WeightDelta({NAME: torch.full_like(weight, 0.5)})
    twice = tiny_generator.with_weights(delta).with_weights(delta)
    torch.testing.assert_close(twice.network.state_dict()[NAME], weight + 1)
    assert not torch.allclose(twice.render(ws), before)
    assert torch.equal(tiny_generator.render(ws), before)


def test_a_delta_is_rendered_as_if_the_network_had_those_weights(
    tiny_generator: StyleGAN2Generator,
):
    ws = tiny_generator.sample([1])
    tiny_generator.render(ws)  # whatever is kept for the old weights must not leak into the new
    weight = tiny_generator.network.state_dict()[NAME]
    change = torch.randn(weight.shape, generator=torch.Generator().manual_seed(5))
    changed = tiny_generator.with_weights(WeightDelta({NAME: change}))
    fresh = random_stylegan2(tiny_generator.network.architecture)
    with torch.no_grad():
        fresh.get_parameter(NAME).add_(change)
        torch.testing.assert_close(changed.render(ws), fresh.synthesis(ws))


def test_the_prior_is_estimated_anew_when_the_mapping_changed(tiny_generator: StyleGAN2Generator):
    prior, bias = tiny_generator.prior(), torch.ones(16)
    elsewhere = tiny_generator.with_weights(WeightDelta({"synthesis.b8.conv0.bias": bias}))
    assert elsewhere.prior() is prior
    moved = tiny_generator.with_weights(WeightDelta({"mapping.fc1.bias": 100 * bias}))
    assert (moved.prior().mean > prior.mean).all()


def test_weights_that_a_delta_does_not_name_are_shared(tiny_generator: StyleGAN2Generator):
    weight = tiny_generator.network.state_dict()[NAME]
    changed = tiny_generator.with_weights(WeightDelta({NAME: torch.ones_like(weight)}))
    old = dict(tiny_generator.network.named_parameters())
    for name, parameter in changed.network.named_parameters():
        assert (parameter is old[name]) == (name != NAME)
        assert not parameter.requires_grad


def test_a_delta_can_be_learnt(tiny_generator: StyleGAN2Generator):
    ws = tiny_generator.sample([1])
    weight = tiny_generator.network.state_dict()[NAME]
    change = torch.zeros_like(weight).requires_grad_()
    tiny_generator.with_weights(WeightDelta({NAME: change})).render(ws).square().sum().backward()
    assert change.grad is not None and change.grad.any()


@pytest.mark.parametrize(
    "name", ["synthesis.b8.conv0.weigth", "synthesis.b99.const", "network", "", NAME]
)
def test_a_delta_that_does_not_fit_is_refused(tiny_generator: StyleGAN2Generator, name: str):
    with pytest.raises(BadInput):
        tiny_generator.with_weights(WeightDelta({name: torch.zeros(3)}))


def test_another_precision_leaves_the_original_alone(tiny_generator: StyleGAN2Generator):
    ws = tiny_generator.sample([1])
    before = tiny_generator.render(ws)
    double = tiny_generator.to(dtype=torch.float64)
    assert (double.dtype, tiny_generator.dtype) == (torch.float64, torch.float32)
    torch.testing.assert_close(double.render(ws.double()).float(), before, rtol=0, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stays_close(dtype: torch.dtype):
    generator = load_generator()
    ws = generator.sample([1])
    error = generator.to(dtype=dtype).render(ws.to(dtype)).float() - generator.render(ws)
    assert error.square().mean().sqrt() < 0.01


def test_large_weights_do_not_leave_the_range_of_float16(tiny_generator: StyleGAN2Generator):
    weights = dict(tiny_generator.network.named_parameters())
    grown = {n: 3000 * w for n, w in weights.items() if n.endswith("conv1.weight")}
    generator = tiny_generator.with_weights(WeightDelta(grown))
    ws = generator.sample([1])
    expected = generator.render(ws)
    half = generator.to(dtype=torch.float16).render(ws.half()).float()
    assert (half - expected).abs().mean() < 0.01 * expected.abs().mean()


def test_a_generator_moved_is_the_same_and_shares_nothing(tiny_generator: StyleGAN2Generator):
    prior, ws = tiny_generator.prior(), tiny_generator.sample([3])
    moved = tiny_generator.to(device="cpu")
    assert torch.equal(moved.prior().covariance, prior.covariance)
    assert torch.equal(moved.render(ws), tiny_generator.render(ws))
    own = {t.data_ptr() for t in tiny_generator.network.state_dict().values()}
    assert own.isdisjoint(t.data_ptr() for t in moved.network.state_dict().values())
    assert not any(p.requires_grad for p in moved.network.parameters())


def test_the_rgb_sum_at_the_last_block_is_the_picture() -> None:
    generator = StyleGAN2Generator(random_stylegan2(Architecture((8, 8, 8), z_dim=8, w_dim=8)))
    ws = generator.sample([1])
    features = generator.features(ws, 16)
    below = generator.picture_at(features.up_to(8), ws)
    assert below is not None and below.shape == (1, 3, 8, 8)
    assert torch.equal(generator.picture_at(features, ws), generator.render(ws))


def test_features_kept_on_the_way_are_those_of_their_block() -> None:
    generator = StyleGAN2Generator(random_stylegan2(Architecture((8, 8, 8), z_dim=8, w_dim=8)))
    ws = generator.sample([1])
    kept, own = generator.features(ws, 16).up_to(8), generator.features(ws, 8)
    assert kept.grid == own.grid and torch.equal(kept.map, own.map)


def test_blocks_without_rgb_layers_have_no_picture() -> None:
    architecture = Architecture((8, 8, 8), z_dim=8, w_dim=8, kind="orig")
    generator = StyleGAN2Generator(random_stylegan2(architecture))
    ws = generator.sample([1])
    assert generator.picture_at(generator.features(ws, 8), ws) is None


@pytest.mark.parametrize("const_size", [(4, 4), (2, 4)])
def test_the_shape_of_a_blocks_features_is_known_beforehand(const_size: tuple[int, int]):
    architecture = Architecture(
        channels=(6, 5, 3), z_dim=8, w_dim=7, mapping_layers=2, const_size=const_size
    )
    generator = StyleGAN2Generator(random_stylegan2(architecture))
    for block in generator.blocks:
        found = generator.features(generator.sample([0]), block).map
        assert generator.map_shape(block) == found.shape[1:]

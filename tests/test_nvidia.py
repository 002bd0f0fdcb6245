"""Networks from NVIDIA's stored modules draw what the slow reference draws, or are refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from draggan.checkpoint.families import Imported, recognise
from draggan.checkpoint.pickles import Record, read_pickles
from draggan.errors import BadCheckpoint

from . import foreign_files as foreign
from . import stylegan2_reference as reference
from .foreign_files import Plan
from .persistence_standins import dump, torch_save


def imported(path: Path, content: bytes) -> Imported:
    path.write_bytes(content)
    return recognise(read_pickles(path), name=path.name)


def imported_snapshot(tmp_path: Path, plan: Plan) -> Imported:
    return imported(tmp_path / "any name at all", dump(foreign.snapshot(plan)))


def refused(tmp_path: Path, value: object) -> BadCheckpoint:
    with pytest.raises(BadCheckpoint) as caught:
        imported(tmp_path / "file", dump(value))
    return caught.value


def assert_draws_like_the_reference(found: Imported, plan: Plan, tensors: foreign.Tensors):
    state, network = foreign.numbers(tensors), found.network.double()
    z = np.random.RandomState(1).randn(plan.z_dim)
    label = np.eye(plan.c_dim)[1] if plan.c_dim else None
    w = reference.mapping(state, z, layers=plan.layers, lr=plan.lr, label=label)
    ws = np.tile(state["mapping.w_avg"] * 0.4 + w * 0.6, (2 * len(plan.channels), 1))
    theirs = reference.synthesis(state, ws, kind=plan.kind, noise=plan.noise, clamp=plan.clamp)
    one_hot = None if label is None else torch.from_numpy(label)[None]
    mine = network.mapping(torch.from_numpy(z)[None], one_hot, truncation=0.6)
    picture = network.synthesis(mine)[0].detach().numpy()
    np.testing.assert_allclose(picture, np.broadcast_to(theirs, picture.shape), rtol=0, atol=1e-5)


PLANS = [
    Plan(),
    Plan(kind="resnet", clamp=0.8, discriminator="skip", group_maps=3),
    Plan(kind="orig", noise=False, discriminator="orig", group_maps=0),
    Plan(c_dim=3, width=4, embed=5, layers=3, lr=0.1, clamp=1.5),
    Plan(z_dim=0, c_dim=2, layers=1, group=None),
    Plan(channels=(4, 3), const=(4, 2)),
    Plan(colours=1, discriminator="skip"),
]


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_the_picture_is_that_of_the_stored_network(tmp_path: Path, plan: Plan):
    found = imported_snapshot(tmp_path, plan)
    assert_draws_like_the_reference(found, plan, foreign.generator_tensors(plan))


@pytest.mark.parametrize("plan", [p for p in PLANS if p.const == (4, 4)], ids=str)
def test_the_discriminator_says_what_the_stored_one_says(tmp_path: Path, plan: Plan):
    network = imported_snapshot(tmp_path, plan).discriminator
    assert network is not None and network.architecture.group_size == plan.group
    images = np.random.RandomState(2).randn(3, plan.colours, plan.resolution, plan.resolution)
    labels = np.eye(plan.c_dim)[[0, 1, 1]] if plan.c_dim else None
    theirs = reference.discriminator(
        foreign.numbers(foreign.discriminator_tensors(plan)),
        images,
        resolution=plan.resolution,
        kind=plan.discriminator,
        clamp=plan.clamp,
        maps=plan.group_maps,
        labels=labels,
        layers=plan.layers,
        lr=plan.lr,
    )
    seen = torch.from_numpy(images).expand(-1, 3, -1, -1)
    one_hot = None if labels is None else torch.from_numpy(labels)
    mine = network.double()(seen, one_hot)[:, 0].detach().numpy()
    np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-5)


def test_an_oblong_discriminator_comes_along(tmp_path: Path):
    plan = Plan(channels=(4, 3), const=(4, 2))
    network = imported_snapshot(tmp_path, plan).discriminator
    assert network is not None and network(torch.zeros(1, 3, 8, 4)).shape == (1, 1)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_pickle_protocol_gives_the_same_network(tmp_path: Path, protocol: int):
    plan = Plan(channels=(3, 2))
    found = imported(tmp_path / "x", dump(foreign.snapshot(plan), protocol=protocol))
    assert_draws_like_the_reference(found, plan, foreign.generator_tensors(plan))


def test_flat_and_nested_arguments_are_told_apart_and_read_alike(tmp_path: Path):
    plan = Plan(clamp=0.7)
    nested = imported(tmp_path / "n", dump(foreign.snapshot(plan)))
    flat = imported(tmp_path / "f", dump(foreign.snapshot(plan, flat=True)))
    assert nested.origin == "NVIDIA StyleGAN2-ADA pickle"
    assert flat.origin == "NVIDIA StyleGAN2 pickle (stylegan3 code)"
    assert nested.network.architecture == flat.network.architecture
    assert flat.network.architecture.conv_clamp == 0.7


def test_the_average_generator_is_taken_and_the_raw_one_if_there_is_no_other(tmp_path: Path):
    plan, both = Plan(channels=(3, 2)), foreign.snapshot(Plan(channels=(3, 2)))
    raw = imported(tmp_path / "raw", dump({**both, "G_ema": None}))
    assert_draws_like_the_reference(raw, plan, foreign.generator_tensors(plan, seed=9))


def test_the_clamp_is_the_layers_own_where_the_arguments_do_not_say(tmp_path: Path):
    plan = Plan(channels=(3, 2), clamp=256)
    module = foreign.generator_module(plan)
    module.state["_init_kwargs"]["synthesis_kwargs"].pop("conv_clamp")
    found = imported(tmp_path / "x", dump({"G_ema": module}))
    assert found.network.architecture.conv_clamp == 256


def test_a_tuned_generator_is_a_module_alone_in_a_torch_file(tmp_path: Path):
    plan = Plan(channels=(3, 2))
    for zipped in (True, False):
        content = torch_save(foreign.generator_module(plan), zipped=zipped)
        found = imported(tmp_path / "model_x.pt", content)
        assert found.origin == "PTI tuned generator"
        assert found.discriminator is None
        assert "The file holds no discriminator." in found.notes
        assert_draws_like_the_reference(found, plan, foreign.generator_tensors(plan))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_any_precision_are_read(tmp_path: Path, dtype: torch.dtype):
    plan = Plan(channels=(3, 2))
    rough = {name: t.to(dtype) for name, t in foreign.generator_tensors(plan).items()}
    found = imported(tmp_path / "x", torch_save({"G_ema": rough}))
    exact = {name: tensor.float() for name, tensor in rough.items()}
    assert_draws_like_the_reference(found, plan, exact)


def test_code_that_is_not_known_is_mentioned(tmp_path: Path):
    (note,) = imported_snapshot(tmp_path, Plan(channels=(3, 2))).notes
    assert "network code stored in the file is not one that is known" in note


def test_grey_becomes_three_equal_channels_with_a_note(tmp_path: Path):
    found = imported_snapshot(tmp_path, Plan(channels=(3, 2), colours=1))
    assert any("grey" in note for note in found.notes)


def test_a_missing_average_is_estimated_and_said(tmp_path: Path):
    plan = Plan(channels=(3, 2))
    tensors = foreign.generator_tensors(plan)
    del tensors["mapping.w_avg"]
    module = foreign.generator_module(plan, tensors)
    found = imported(tmp_path / "x", dump({"G_ema": module}))
    random = torch.Generator().manual_seed(5)
    with torch.no_grad():
        w = found.network.mapping.to_w(torch.randn(20_000, plan.z_dim, generator=random))
    error = (found.network.mapping.w_avg - w.mean(0)).abs() / w.std(0)
    assert error.max() < 0.05
    assert any("estimated" in note for note in found.notes)


def spoilt(changes: dict[str, torch.Tensor | None], plan: Plan | None = None) -> dict[str, object]:
    plan = plan or Plan(channels=(3, 2))
    tensors: dict = {**foreign.generator_tensors(plan), **changes}
    kept = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    return {"G_ema": foreign.generator_module(plan, kept)}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"synthesis.b8.conv0.bias": torch.full((2,), float("nan"))}, "synthesis.b8.conv0.bias"),
        ({"mapping.w_avg": torch.full((6,), float("inf"))}, "mapping.w_avg"),
        ({"synthesis.b8.conv0.bias": None}, "lacks synthesis.b8.conv0.bias"),
        ({"synthesis.b8.conv0.bias": torch.zeros(5)}, "synthesis.b8.conv0.bias in the shape"),
        ({"synthesis.b8.conv0.bias": torch.zeros(2).int()}, "int32"),
        ({"synthesis.b8.conv0.extra": torch.zeros(2)}, "synthesis.b8.conv0.extra"),
        ({"synthesis.b8.resample_filter": torch.ones(2, 2) / 4}, "[1, 3, 3, 1]"),
        ({"synthesis.b8.conv1.weight": torch.zeros(2, 2, 5, 5)}, "5 x 5 px"),
        ({"synthesis.b4.const": torch.zeros(3, 8, 8)}, "8 x 8 px"),
        ({"synthesis.b16.conv1.weight": torch.zeros(2, 2)}, "synthesis.b16"),
        ({"synthesis.b32.conv1.weight": torch.zeros(2, 2)}, "blocks of other sizes"),
        ({"mapping.fc0.weight": None}, "no mapping"),
        ({"mapping.fc0.weight": torch.zeros(6)}, "mapping.fc0.weight"),
    ],
    ids=str,
)
def test_tensors_that_do_not_fit_are_named(
    tmp_path: Path, changes: dict[str, torch.Tensor | None], said: str
):
    assert said in refused(tmp_path, spoilt(changes)).sentence


def test_four_channels_are_refused(tmp_path: Path):
    error = refused(tmp_path, spoilt({}, Plan(channels=(3, 2), colours=4)))
    assert "4 channels" in error.sentence and error.hint


@pytest.mark.parametrize(
    ("path", "name", "value", "said"),
    [
        (("synthesis", "b8", "conv0"), "activation", "relu", "'relu' in synthesis.b8.conv0"),
        (("synthesis", "b8", "conv0"), "conv_clamp", 3.0, "clamps some"),
        (("synthesis", "b8", "conv0"), "conv_clamp", torch.zeros(3), "clamps some"),
        (("mapping", "fc0"), "bias_gain", 1.0, "learning rates"),
        ((), "z_dim", 512, "z_dim = 512"),
        ((), "img_resolution", 16, "img_resolution = 16"),
        ((), "c_dim", [1, 2], "c_dim = list"),
    ],
)
def test_arithmetic_that_is_not_ours_is_refused(
    tmp_path: Path, path: tuple[str, ...], name: str, value: object, said: str
):
    module = owner = foreign.generator_module(Plan(channels=(3, 2)))
    for step in path:
        owner = owner.state["_modules"][step]
    owner.state[name] = value
    assert said in refused(tmp_path, {"G_ema": module}).sentence


@pytest.mark.parametrize("clamp", [0.0, -1.0, float("nan"), "256"])
def test_an_impossible_clamp_is_refused(tmp_path: Path, clamp: object):
    plan = dataclasses.replace(Plan(channels=(3, 2)), clamp=clamp)  # type: ignore[arg-type]
    assert "clamp" in refused(tmp_path, {"G": foreign.generator_module(plan)}).sentence


def test_a_discriminator_that_does_not_fit_is_left_out_and_the_generator_kept(tmp_path: Path):
    plan = Plan(channels=(3, 2))
    broken = foreign.discriminator_tensors(plan) | {"b4.out.bias": torch.full((1,), torch.nan)}
    value = {**foreign.snapshot(plan), "D": foreign.discriminator_module(plan, broken)}
    found = imported(tmp_path / "x", dump(value))
    assert found.discriminator is None
    assert any("left out" in note and "b4.out.bias" in note for note in found.notes)


def test_modules_without_end_are_refused():
    record = Record("A", "0", 6, {})
    for _ in range(20):
        record = Record("A", "0", 6, {"_modules": dict.fromkeys("abcdefgh", record)})
    with pytest.raises(BadCheckpoint, match="more modules"):
        recognise({"G": record}, name="x")

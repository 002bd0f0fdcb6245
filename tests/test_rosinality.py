"""rosinality's checkpoints draw what the slow reference draws under NVIDIA's names."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest
import torch

from draggan.checkpoint.families import Imported, recognise
from draggan.checkpoint.pickles import read_pickles
from draggan.errors import BadCheckpoint

from . import foreign_files as foreign
from . import stylegan2_reference as reference
from .foreign_files import Plan
from .test_nvidia import assert_draws_like_the_reference

PLAN = Plan(z_dim=6)  # as wide as w: this code base knows one width only


def checkpoint(**changes: object) -> dict[str, object]:
    tensors = foreign.generator_tensors(PLAN)
    return {
        "g_ema": foreign.rosinality_generator(tensors),
        "latent_avg": tensors["mapping.w_avg"],
        **changes,
    }


def imported(tmp_path: Path, value: object, *, zipped: bool = True) -> Imported:
    path = tmp_path / "x.pt"
    torch.save(value, path, _use_new_zipfile_serialization=zipped)
    return recognise(read_pickles(path), name=path.name)


@pytest.mark.parametrize("zipped", [True, False])
def test_the_picture_is_that_of_the_checkpoint(tmp_path: Path, zipped: bool):
    found = imported(tmp_path, checkpoint(), zipped=zipped)
    assert found.origin == "rosinality StyleGAN2 .pt"
    assert found.notes == ("The file holds no discriminator.",)
    assert_draws_like_the_reference(found, PLAN, foreign.generator_tensors(PLAN))


def test_the_discriminator_comes_along(tmp_path: Path):
    tensors = foreign.discriminator_tensors(PLAN)
    found = imported(tmp_path, checkpoint(d=foreign.rosinality_discriminator(tensors)))
    images = np.random.RandomState(0).randn(2, 3, 16, 16)
    theirs = reference.discriminator(foreign.numbers(tensors), images, resolution=16)
    assert found.discriminator is not None and not found.notes
    mine = found.discriminator.double()(torch.from_numpy(images))[:, 0].detach().numpy()
    np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-5)


def test_a_training_checkpoint_lacks_the_average_which_is_estimated(tmp_path: Path):
    value = {
        "g": foreign.rosinality_generator(foreign.generator_tensors(PLAN, seed=9)),
        "g_ema": checkpoint()["g_ema"],
        "g_optim": {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 0.002}]},
        "args": argparse.Namespace(size=16, latent=6),
        "ada_aug_p": 0.0,
    }
    found = imported(tmp_path, value)
    assert any("estimated" in note for note in found.notes)
    found.network.mapping.w_avg.copy_(foreign.generator_tensors(PLAN)["mapping.w_avg"])
    assert_draws_like_the_reference(found, PLAN, foreign.generator_tensors(PLAN))


def test_the_raw_generator_serves_where_there_is_no_average_one(tmp_path: Path):
    value = checkpoint()
    value["g"] = value.pop("g_ema")
    found = imported(tmp_path, value)
    assert_draws_like_the_reference(found, PLAN, foreign.generator_tensors(PLAN))


def test_an_encoder_checkpoint_gives_its_decoder(tmp_path: Path):
    tensors = foreign.generator_tensors(PLAN)
    weights = foreign.rosinality_generator(tensors)
    value = {
        "state_dict": {f"decoder.{name}": t for name, t in weights.items()}
        | {"encoder.input_layer.0.weight": torch.zeros(2, 2)},
        "latent_avg": tensors["mapping.w_avg"].repeat(6, 1),
    }
    found = imported(tmp_path, value)
    assert "encoder" in found.origin
    assert_draws_like_the_reference(found, PLAN, tensors)


def test_noise_maps_that_early_files_lack_are_drawn_and_said(tmp_path: Path):
    weights = foreign.rosinality_generator(foreign.generator_tensors(PLAN))
    early = {name: t for name, t in weights.items() if not name.startswith("noises.")}
    notes = imported(tmp_path, checkpoint(g_ema=early)).notes
    assert any("noise maps" in note for note in notes)


@pytest.mark.parametrize(
    ("name", "tensor", "said"),
    [
        ("convs.1.conv.weight", None, "lacks convs.1.conv.weight"),
        ("convs.1.conv.weight", torch.zeros(5, 5, 3, 3), "convs.1.conv.weight in an unexpected"),
        ("convs.0.noise.weight", torch.zeros(()), "convs.0.noise.weight in an unexpected"),
        ("input.input", torch.zeros(1, 2), "synthesis.b4.const"),
        ("convs.0.conv.blur.kernel", torch.ones(4, 4) / 4, "[1, 3, 3, 1]"),
        ("to_rgbs.0.iwt.ll", torch.zeros(2), "to_rgbs.0.iwt.ll"),
        ("to_rgb1.bias", torch.full((1, 3, 1, 1), torch.nan), "not finite"),
    ],
)
def test_tensors_that_do_not_fit_are_named(
    tmp_path: Path, name: str, tensor: torch.Tensor | None, said: str
):
    value = checkpoint()
    weights = value["g_ema"]
    assert isinstance(weights, dict)
    weights.pop(name, None)
    if tensor is not None:
        weights[name] = tensor
    with pytest.raises(BadCheckpoint) as caught:
        imported(tmp_path, value)
    assert said in caught.value.sentence

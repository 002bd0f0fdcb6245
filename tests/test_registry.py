"""The registry: stored statistics, discriminators, removal, and noticing that a file is another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from draggan.checkpoint import (
    list_models,
    load_discriminator,
    load_generator,
    remove_model,
    save_network,
)
from draggan.checkpoint.registry import file_state, model_file
from draggan.checkpoint.safetensors_file import model_file as content_of
from draggan.errors import BadCheckpoint, BadInput, CannotWrite, UnknownModel

from .model_files import state_dict_file, tiny_discriminator, tiny_network

CARD = {"title": "Tiny"}


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's directory of models with one in it, `mine`, that has all a file can have."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    directory = tmp_path / "data" / "draggan" / "models"
    directory.mkdir(parents=True)
    statistics = {"w_mean": torch.full((8,), 3.0), "w_covariance": 4 * torch.eye(8)}
    tensors, header = content_of(
        tiny_network(), metadata=CARD, discriminator=tiny_discriminator(), statistics=statistics
    )
    save_file(tensors, directory / "mine.safetensors", metadata=header)
    return directory


def test_a_generator_has_the_prior_that_its_file_states(models: Path):
    prior = load_generator("mine").prior()
    assert torch.equal(prior.mean, torch.full((8,), 3.0))
    assert torch.equal(prior.covariance, 4 * torch.eye(8))


def test_a_stored_prior_comes_in_the_generators_precision(models: Path):
    prior = load_generator("mine", dtype=torch.float64).prior()
    assert prior.mean.dtype == prior.covariance.dtype == torch.float64


def test_without_a_stored_prior_it_is_estimated(models: Path):
    save_network(tiny_network(), models / "plain.safetensors", metadata=CARD)
    assert load_generator("plain").prior().mean.abs().max() < 3


def test_a_discriminator_loads_if_there_is_one(models: Path):
    found = load_discriminator("mine")
    assert found is not None
    assert torch.equal(found.b4.out.weight, tiny_discriminator().b4.out.weight)
    assert load_discriminator("critters") is None
    with pytest.raises(UnknownModel):
        load_discriminator("nobody")


def test_a_users_model_can_be_removed(models: Path):
    assert remove_model("mine") == models / "mine.safetensors"
    assert [card.id for card in list_models()] == ["critters"]
    with pytest.raises(UnknownModel, match="mine") as caught:
        remove_model("mine")
    assert "none" in caught.value.hint


def test_a_damaged_model_can_be_removed(models: Path):
    (models / "mine.safetensors").write_bytes(b"damaged")
    remove_model("mine")
    assert list(models.iterdir()) == []


def test_the_programs_own_models_stay(models: Path):
    before = model_file("critters").stat()
    with pytest.raises(BadInput, match="belongs to the program"):
        remove_model("critters")
    assert model_file("critters").stat() == before


@pytest.mark.parametrize("name", ["../mine", "mine.safetensors", "", "."])
def test_what_is_removed_is_named_by_its_id_alone(models: Path, name: str):
    with pytest.raises(UnknownModel):
        remove_model(name)
    assert (models / "mine.safetensors").exists()


def test_a_file_that_cannot_be_deleted_is_told(models: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(CannotWrite) as caught:
        remove_model("mine")
    assert str(models) in caught.value.hint


def test_a_file_that_is_replaced_is_noticed(models: Path):
    before = file_state("mine")
    assert file_state("mine") == before
    save_network(tiny_network(seed=1), models / "mine.safetensors", metadata=CARD)
    assert file_state("mine") != before


def test_a_file_that_was_not_imported_is_told_how_to(tmp_path: Path, models: Path):
    path = state_dict_file(tmp_path / "theirs.pt")
    with pytest.raises(UnknownModel, match=r"theirs\.pt") as caught:
        load_generator(path)
    assert f"draggan models import {path}" in caught.value.hint


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_names_that_can_be_no_path_are_unknown(models: Path, name: str):
    with pytest.raises(UnknownModel):
        load_generator(name)


# How strictly the further parts of a file are read.


def changed(models: Path, **changes: torch.Tensor | None) -> Path:
    """The model's file with some tensors replaced, added, or (None) taken away."""
    tensors, header = content_of(
        tiny_network(), metadata=CARD, discriminator=tiny_discriminator(), statistics={}
    )
    for name, tensor in changes.items():
        if tensor is None:
            del tensors[name]
        else:
            tensors[name] = tensor
    path = models / "changed.safetensors"
    save_file(tensors, path, metadata=header)
    return path


@pytest.mark.parametrize(
    "changes",
    [
        {"discriminator.b4.out.bias": None},
        {"discriminator.extra": torch.zeros(1)},
        {"discriminator.b4.out.bias": torch.zeros(2)},
        {"discriminator.b4.out.bias": torch.full((1,), torch.nan)},
    ],
    ids=["missing", "foreign", "misshapen", "not finite"],
)
def test_a_discriminator_of_other_tensors_is_refused(models: Path, changes):
    path = changed(models, **changes)
    with pytest.raises(BadCheckpoint, match=r"discriminator\.(b4\.out\.bias|extra)"):
        load_discriminator(path)
    assert load_generator(path).width == 16  # which is whole


@pytest.mark.parametrize(
    "changes",
    [
        {"statistics.w_mean": torch.zeros(8)},
        {"statistics.w_mean": torch.zeros(7), "statistics.w_covariance": torch.eye(8)},
        {"statistics.w_mean": torch.full((8,), torch.inf), "statistics.w_covariance": torch.eye(8)},
    ],
    ids=["half of them", "misshapen", "not finite"],
)
def test_statistics_that_cannot_be_are_refused(models: Path, changes):
    with pytest.raises(BadCheckpoint, match=r"statistics\.w_"):
        load_generator(changed(models, **changes))


def test_a_discriminator_that_the_file_does_not_state_is_refused(models: Path):
    tensors, header = content_of(tiny_network(), metadata=CARD)
    tensors["discriminator.b4.out.bias"] = torch.zeros(1)
    path = models / "odd.safetensors"
    save_file(tensors, path, metadata=header)
    with pytest.raises(BadCheckpoint, match=r"discriminator\.b4"):
        load_generator(path)


@pytest.mark.parametrize(
    "changes",
    [{"channels": []}, {"kind": "x"}, {"end_size": [3, 3]}, {"group_maps": -1}, {"c_dim": 2}],
)
def test_discriminators_that_cannot_be_are_refused(models: Path, changes: dict[str, object]):
    tensors, header = content_of(tiny_network(), metadata=CARD, discriminator=tiny_discriminator())
    stated = {**json.loads(header["discriminator"]), **changes}
    path = models / "odd.safetensors"
    save_file(tensors, path, metadata={**header, "discriminator": json.dumps(stated)})
    with pytest.raises(BadCheckpoint, match="odd"):
        load_discriminator(path)

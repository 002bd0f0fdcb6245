"""Model files: the round trip, the registry, and files that must be refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from draggan.checkpoint import ModelCard, list_models, load_generator, save_network
from draggan.checkpoint.card import read_card
from draggan.checkpoint.safetensors_file import load_network
from draggan.errors import BadCheckpoint, BadInput, CannotWrite, UnknownModel
from draggan.stylegan2 import Architecture, StyleGAN2, channel_schedule
from draggan.stylegan2_generator import StyleGAN2Generator

from .conftest import random_stylegan2

ARCHITECTURE = Architecture(
    channels=(4, 3), z_dim=5, w_dim=6, c_dim=2, kind="resnet", mapping_lr=0.3, conv_clamp=256.0
)
CARD = {"title": "Tiny", "family": "stylegan2", "licence": "CC0", "summary": "A test.", "by": "me"}


@pytest.fixture
def network() -> StyleGAN2:
    return random_stylegan2(ARCHITECTURE)


@pytest.fixture
def file(network: StyleGAN2, tmp_path: Path) -> Path:
    save_network(network, tmp_path / "tiny.safetensors", metadata=CARD)
    return tmp_path / "tiny.safetensors"


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's directory of models, empty."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    directory = tmp_path / "data" / "draggan" / "models"
    directory.mkdir(parents=True)
    return directory


def rewritten(
    file: Path,
    *,
    tensors: Callable[[dict[str, torch.Tensor]], object] = lambda tensors: None,
    **metadata: str,
) -> Path:
    """The file with its tensors or its metadata tampered with."""
    content = load_file(file)
    tensors(content)
    architecture = json.dumps(ARCHITECTURE.to_dict())
    header = {"format": "draggan-1", "architecture": architecture, "card": "{}", **metadata}
    save_file(content, file, metadata=header)
    return file


def test_a_network_survives_the_round_trip(network: StyleGAN2, file: Path):
    loaded = load_network(file)
    assert loaded.architecture == ARCHITECTURE
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)
    assert all(p.requires_grad for p in loaded.parameters())


def test_half_precision_on_disk_loads_as_float32(network: StyleGAN2, tmp_path: Path):
    path = tmp_path / "half.safetensors"
    save_network(network, path, metadata=CARD, dtype=torch.float16)
    loaded = load_network(path).state_dict()
    assert {tensor.dtype for tensor in loaded.values()} == {torch.float32}
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded[name], tensor.half().float())


def test_saving_replaces_the_file_and_leaves_nothing_else(network: StyleGAN2, file: Path):
    save_network(network, file, metadata={"title": "Newer"})
    assert read_card(file, model_id="x").title == "Newer"
    assert os.listdir(file.parent) == [file.name]


def test_weights_that_do_not_fit_are_not_written(network: StyleGAN2, tmp_path: Path):
    with torch.no_grad():
        network.synthesis.block(4).conv1.weight[0, 0, 0, 0] = 1e6
    with pytest.raises(CannotWrite, match="not finite"):
        save_network(network, tmp_path / "x.safetensors", metadata=CARD, dtype=torch.float16)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_told(network: StyleGAN2, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite):
        save_network(network, tmp_path / "file" / "x.safetensors", metadata=CARD)


def test_a_card_says_what_the_file_says(file: Path):
    card = read_card(file, model_id="tiny")
    expected = ModelCard("tiny", "Tiny", "stylegan2", 8, 8, "CC0", "A test.", file, CARD)
    assert card == expected


def test_the_embedded_model_is_listed_and_renders(models: Path):
    (card,) = list_models()
    assert (card.id, card.title, card.licence) == ("critters", "Critters", "Apache-2.0")
    generator = load_generator()
    assert (generator.name, generator.width) == ("critters", card.width)
    with torch.no_grad():
        picture = generator.render(generator.sample([0]))
    assert picture.std() > 0.2 and picture.abs().max() < 1.5


def test_models_of_the_user_are_listed_and_loaded_by_id(network: StyleGAN2, models: Path):
    save_network(network, models / "mine.safetensors", metadata=CARD)
    assert [card.id for card in list_models()] == ["critters", "mine"]
    generator = load_generator("mine", dtype=torch.float64)
    assert isinstance(generator, StyleGAN2Generator)
    assert (generator.name, generator.dtype, generator.label_dim) == ("mine", torch.float64, 2)


def test_a_users_model_does_not_replace_the_embedded_one(network: StyleGAN2, models: Path):
    save_network(network, models / "critters.safetensors", metadata=CARD)
    assert [card.title for card in list_models()] == ["Critters"]


def test_a_damaged_model_is_left_out_of_the_list_and_refused_when_asked_for(models: Path):
    (models / "broken.safetensors").write_bytes(b"not a model")
    assert [card.id for card in list_models()] == ["critters"]
    with pytest.raises(BadCheckpoint, match="damaged"):
        load_generator("broken")


def test_a_model_can_be_given_by_its_path(file: Path, models: Path):
    assert load_generator(file).name == "tiny"
    assert load_generator(str(file)).width == 8


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(BadInput, match="cuda:99"):
        load_generator(device="cuda:99")


def test_an_unknown_model_is_named_with_the_likely_one(models: Path):
    with pytest.raises(UnknownModel, match="criters") as caught:
        load_generator("criters")
    assert "Did you mean 'critters'?" in caught.value.hint


@pytest.mark.parametrize("name", ["../critters", "/etc/passwd", "missing.safetensors", "", "."])
def test_ids_are_never_made_into_paths(models: Path, name: str):
    (models.parent / "critters").touch()
    with pytest.raises(UnknownModel):
        load_generator(name)


def test_listing_models_imports_no_torch():
    code = (
        "import sys; from draggan.checkpoint import list_models; list_models();"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_loading_takes_no_second_of_imports(file: Path):
    code = (
        "import sys; from draggan.checkpoint import load_generator; load_generator(sys.argv[1]);"
        "sys.exit('sympy' in sys.modules)"  # what torch's own meta arithmetic needs
    )
    subprocess.run([sys.executable, "-c", code, str(file)], check=True)


@pytest.mark.slow
def test_a_network_of_1024_px_loads_in_half_a_second(tmp_path: Path):
    path = tmp_path / "large.safetensors"
    network = StyleGAN2(Architecture(channels=channel_schedule(1024)))
    save_network(network, path, metadata=CARD)
    seconds = []
    for _ in range(3):
        start = time.process_time()
        load_generator(path)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.5


def test_a_card_knows_oblong_pictures(tmp_path: Path):
    oblong = Architecture(channels=(4, 3), z_dim=5, w_dim=6, const_size=(2, 4))
    path = tmp_path / "oblong.safetensors"
    save_network(StyleGAN2(oblong), path, metadata=CARD)
    card = read_card(path, model_id="x")
    assert (card.width, card.height) == (4, 8)
    generator = load_generator(path)
    assert (generator.width, generator.height) == (4, 8)


@pytest.mark.parametrize("keep", [0, 7, 8, 100, 0.5, 0.99])
def test_a_truncated_file_is_refused(file: Path, keep: float):
    content = file.read_bytes()
    file.write_bytes(content[: int(keep * len(content)) if isinstance(keep, float) else keep])
    with pytest.raises(BadCheckpoint):
        load_network(file)


@pytest.mark.parametrize(
    "content",
    [b"\xff" * 64, b"\x80\x04\x95cos\nsystem\n", (2**62).to_bytes(8, "little") + b"{}", b"PK\3\4"],
)
def test_foreign_bytes_are_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(BadCheckpoint):
        load_network(path)


def test_a_directory_and_a_missing_file_are_refused(tmp_path: Path):
    for path in (tmp_path, tmp_path / "missing.safetensors"):
        with pytest.raises(BadCheckpoint):
            load_network(path)


def test_a_file_beyond_the_size_limit_is_refused(tmp_path: Path):
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as huge:
        huge.truncate(4 * 2**30 + 1)  # sparse: takes no space
    with pytest.raises(BadCheckpoint, match="too large"):
        load_network(path)


def test_safetensors_of_another_program_are_refused(file: Path):
    with pytest.raises(BadCheckpoint, match="not a model of this program"):
        load_network(rewritten(file, format="pt"))


@pytest.mark.parametrize(
    "tamper",
    [
        lambda tensors: tensors.pop("mapping.w_avg"),
        lambda tensors: tensors.update({"extra": torch.zeros(1)}),
        lambda tensors: tensors.update({"mapping.w_avg": torch.zeros(7)}),
        lambda tensors: tensors.update({"mapping.w_avg": torch.zeros(6, dtype=torch.int32)}),
        lambda tensors: tensors.update({"mapping.w_avg": torch.full((6,), torch.nan)}),
    ],
    ids=["missing", "foreign", "misshapen", "integers", "not finite"],
)
def test_tensors_that_are_not_the_networks_are_refused(file: Path, tamper):
    with pytest.raises(BadCheckpoint, match=r"mapping\.w_avg|extra"):
        load_network(rewritten(file, tensors=tamper))


@pytest.mark.parametrize(
    "changes",
    [
        {"channels": []},
        {"channels": [4] * 20},
        {"channels": [4, 10**9]},
        {"channels": [4, True]},
        {"channels": "44"},
        {"w_dim": 6.5},
        {"mapping_layers": 0},
        {"mapping_lr": float("nan")},
        {"mapping_lr": 10**400},
        {"conv_clamp": -1},
        {"kind": "other"},
        {"use_noise": 1},
        {"const_size": [4, 4, 4]},
        {"const_size": [2, 2]},
        {"const_size": "44"},
        {"z_dim": 0, "c_dim": 0},
    ],
)
def test_architectures_that_cannot_be_are_refused(file: Path, changes: dict[str, object]):
    architecture = json.dumps({**ARCHITECTURE.to_dict(), **changes})
    with pytest.raises(BadCheckpoint):
        load_network(rewritten(file, architecture=architecture))


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "{}", '"x"'])
def test_an_architecture_that_is_no_architecture_is_refused(file: Path, text: str):
    with pytest.raises(BadCheckpoint):
        load_network(rewritten(file, architecture=text))
    with pytest.raises(BadCheckpoint):
        read_card(file, model_id="x")

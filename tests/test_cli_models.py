"""`draggan models import | list | show | remove | export` as they are typed, without a daemon."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from draggan.checkpoint import importing, save_network
from draggan.checkpoint.conversion import convert
from draggan.checkpoint.import_process import Job
from draggan.checkpoint.reader_process import Reading
from draggan.cli import main
from draggan.cli.models import preparing
from draggan.preparation import PreparationStep

from .conftest import random_stylegan2
from .model_files import TINY, state_dict_file, tiny_network


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's directory of models, where imports are read by this very process."""

    def run_job(job: Job, *, report: object) -> Reading:
        notes: list[str] = []

        def tell(**message: object) -> None:
            if "note" in message:
                notes.append(str(message["note"]))

        return Reading(convert(job, tell), tuple(notes))

    monkeypatch.setattr(importing, "run_job", run_job)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "draggan" / "models"


@pytest.fixture
def cats(models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A file of somebody's cats, imported as `cats`."""
    path = state_dict_file(tmp_path / "cats.pt")
    assert main(["models", "import", str(path)]) == 0
    return path


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    """What a command prints where its result goes, or, when it refuses, its sentence."""
    capsys.readouterr()
    assert main(["models", *words]) == code
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return captured.err if code else captured.out


def test_an_import_says_what_it_was_and_what_to_do_next(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = state_dict_file(tmp_path / "cats.pt")
    text = said(capsys, "import", str(path), "--name", "kittens")
    assert text.startswith("kittens imported: ") and "16 x 16 pixels" in text
    assert "classes: none" in text and "discriminator: yes" in text
    assert str(models / "kittens.safetensors") in text
    assert text.splitlines()[-1].endswith(
        "draggan sample kittens --seeds 0-15 --out kittens-samples"
    )


def test_a_model_of_several_classes_is_tried_with_one_of_them(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    conditional = random_stylegan2(replace(TINY, c_dim=3))
    save_network(conditional, tmp_path / "zoo.safetensors", metadata={"title": "Zoo"})
    text = said(capsys, "import", str(tmp_path / "zoo.safetensors"))
    assert "classes: 3" in text and "draggan sample zoo --label 0 " in text


def test_an_import_of_the_same_file_says_that_it_is_there(
    cats: Path, capsys: pytest.CaptureFixture[str]
):
    assert said(capsys, "import", str(cats)).startswith("cats is already there: ")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["import", "nowhere.pkl"], "nowhere.pkl does not exist"),
        (["import", "."], "is a folder"),
        (["import", "CATS", "--name", "critters"], "comes with the program"),
        (["import", "CATS", "--name", "a/b"], "cannot be a model's name"),
        (["show", "nobody"], "There is no model 'nobody'"),
        (["remove", "nobody"], "There is no model 'nobody'"),
        (["remove", "critters"], "belongs to the program"),
        (["export", "nobody", "--out", "x.pt"], "There is no model 'nobody'"),
        (["export", "cats", "--out", "x.pt", "--layout", "odd"], "odd"),
        (["export", "cats", "--out", "."], "is a folder"),
        (["import"], "required"),
        (["nonsense"], "nonsense"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence_with_a_remedy(
    cats: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
):
    words = [str(cats) if word == "CATS" else word for word in words]
    text = said(capsys, *words, code=2)
    refusal, remedy = text.splitlines()[-2:]
    assert refusal.startswith("draggan: ") and sentence in refusal
    assert remedy.startswith("  ") and remedy.strip()


@pytest.mark.parametrize("words", [(), ("list",)])
def test_the_models_of_this_computer_are_listed_without_a_daemon(
    words: tuple[str, ...],
    cats: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("draggan.cli.models.listing.connect", None)
    lines = said(capsys, *words).splitlines()
    assert lines[0].startswith("critters  Critters (128 x 128, Apache-2.0, prepared)")
    assert "cats  cats (16 x 16, not stated)" in lines


def test_show_says_all_that_the_file_says(cats: Path, capsys: pytest.CaptureFixture[str]):
    rows = dict(line.split("  ", 1) for line in said(capsys, "show", "cats").splitlines())
    found = {key.strip(): words.strip() for key, words in rows.items()}
    assert found["picture"] == "16 x 16" and found["discriminator"] == "yes"
    assert found["statistics"] == "latents, features at 8 px"
    assert found["latent"] == "z 8, w 8"
    assert found["imported from"].startswith("cats.pt (")
    assert len(found["its sha256"]) == 64


def test_show_says_what_a_model_without_further_parts_lacks(capsys: pytest.CaptureFixture[str]):
    text = said(capsys, "show", "critters")
    assert "sha256" not in text
    assert ["discriminator", "no"] in [line.split() for line in text.splitlines()]


def test_what_a_file_says_cannot_steer_the_terminal(
    models: Path, capsys: pytest.CaptureFixture[str]
):
    card = {"title": "\x1b[2Jevil", "\x1b]0;x": "\x9b1m", "summary": "a\rb"}
    save_network(tiny_network(), models / "evil.safetensors", metadata=card)
    for words in (["show", "evil"], ["list"]):
        text = said(capsys, *words)
        assert "evil" in text
        assert not {"\x1b", "\x9b", "\r"} & set(text)


def test_a_model_is_removed(cats: Path, models: Path, capsys: pytest.CaptureFixture[str]):
    assert said(capsys, "remove", "cats") == f"removed {models / 'cats.safetensors'}\n"
    assert os.listdir(models) == [] and cats.exists()


@pytest.mark.parametrize("layout", ["nvidia", "rosinality"])
def test_an_export_holds_tensors_in_the_layout_asked_for(
    cats: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], layout: str
):
    out = tmp_path / "deep" / "out.pt"
    text = said(capsys, "export", "cats", "--layout", layout, "--out", str(out))
    assert text.startswith(str(out))
    content = torch.load(out, weights_only=True)
    network = tiny_network()
    if layout == "nvidia":
        assert torch.equal(content["G_ema"]["mapping.w_avg"], network.mapping.w_avg)
        assert "D" in content
    else:
        assert torch.equal(content["latent_avg"], network.mapping.w_avg)
        assert "d" in content
    assert os.listdir(out.parent) == ["out.pt"]


def test_an_export_can_be_imported_again(
    cats: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "again.pt"
    said(capsys, "export", "cats", "--layout", "rosinality", "--out", str(out))
    assert said(capsys, "import", str(out)).startswith("again imported: ")


def test_an_export_replaces_a_file_only_by_force(
    cats: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out.pt"
    out.write_bytes(b"mine")
    assert "--force" in said(capsys, "export", "cats", "--out", str(out), code=2)
    assert out.read_bytes() == b"mine"
    said(capsys, "export", "cats", "--out", str(out), "--force")
    assert "G_ema" in torch.load(out, weights_only=True)


def test_an_export_onto_a_full_disk_is_refused(
    cats: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))
    try:
        text = said(capsys, "export", "cats", "--out", str(tmp_path / "out.pt"), code=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "Cannot write" in text
    assert not [name for name in os.listdir(tmp_path) if name.endswith((".part", "out.pt"))]


def test_showing_and_listing_load_no_torch(models: Path):
    code = (
        "import sys; from draggan.cli import main\n"
        "main(['models', 'list']); main(['models', 'show', 'critters'])\n"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "draggan"


def test_a_model_says_whether_it_is_prepared(
    models: Path, cats: Path, cache: Path, capsys: pytest.CaptureFixture[str]
):
    assert re.search("prepared +no\n", said(capsys, "show", "cats"))
    assert "cats is prepared." in said(capsys, "prepare", "cats", "--minutes", "0.01")
    assert re.search("prepared +yes\n", said(capsys, "show", "cats"))
    assert "cats is prepared already." in said(capsys, "prepare", "cats")
    (line,) = (line for line in said(capsys, "list").splitlines() if line.startswith("cats"))
    assert line.endswith(", prepared)")


def test_a_preparation_tells_what_it_does(
    models: Path, cats: Path, cache: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["models", "prepare", "cats", "--minutes", "0.01"]) == 0
    told = capsys.readouterr().err
    assert "Drawing samples" in told and "Learning: 0.0 of 0.01 minutes" in told


def test_ctrl_c_stops_a_preparation_which_then_goes_on(
    models: Path,
    cats: Path,
    cache: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    def stop_when_learning(step: PreparationStep, *rest: object) -> None:
        if step.stage == "encoder":
            os.kill(os.getpid(), signal.SIGINT)

    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr(preparing, "_tell", stop_when_learning)
        assert main(["models", "prepare", "cats", "--minutes", "0.01"]) == 130
    text = capsys.readouterr().out
    assert "kept" in text and "draggan models prepare cats" in text
    assert re.search("prepared +begun, not finished\n", said(capsys, "show", "cats"))
    assert main(["models", "prepare", "cats", "--minutes", "0.01"]) == 0
    assert "Drawing samples" not in capsys.readouterr().err


def test_what_cannot_be_prepared_is_refused_in_a_sentence(
    models: Path, cats: Path, cache: Path, capsys: pytest.CaptureFixture[str]
):
    assert "Try 10 minutes" in said(capsys, "prepare", "cats", "--minutes", "0", code=2)
    assert "no model 'dogs'" in said(capsys, "prepare", "dogs", code=2)

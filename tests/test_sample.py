"""`draggan sample`: the files it writes, what it refuses, and that it stops in good order."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from draggan.checkpoint import save_network
from draggan.cli import main
from draggan.gallery.drawing import as_pixels
from draggan.pictures import open_picture
from draggan.stylegan2 import Architecture
from draggan.stylegan2_generator import StyleGAN2Generator

from .conftest import random_stylegan2


def model_file(folder: Path, **changes: object) -> Path:
    """A small oblong model: 32 x 16 pixels."""
    fields = {
        "channels": (8, 8, 6, 6),
        "z_dim": 6,
        "w_dim": 5,
        "mapping_layers": 2,
        "const_size": (4, 2),
        **changes,
    }
    path = folder / "oblong.safetensors"
    save_network(random_stylegan2(Architecture(**fields)), path, metadata={"title": "oblong"})  # type: ignore[arg-type]
    return path


def sample(*words: object) -> int:
    return main(["sample", *map(str, words)])


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_each_seed_becomes_a_picture_and_all_of_them_a_sheet(tmp_path: Path) -> None:
    model, out = model_file(tmp_path), tmp_path / "new" / "out"
    assert sample(model, "--seeds", "7,12", "--psi", "0.7", "--npy", "--out", out) == 0
    pictures = {f"seed{seed}.{end}" for seed in ("0007", "0012") for end in ("png", "npy")}
    assert names(out) == pictures | {"contact-sheet.png"}
    network = random_stylegan2(
        Architecture(channels=(8, 8, 6, 6), z_dim=6, w_dim=5, mapping_layers=2, const_size=(4, 2))
    )
    generator = StyleGAN2Generator(network)
    with torch.no_grad():
        expected = generator.render(generator.sample([7], truncation=0.7))
    stored = np.load(out / "seed0007.npy")
    assert stored.shape == (1, 3, 16, 32) and stored.dtype == np.float32
    assert np.array_equal(stored, expected.numpy())
    assert np.array_equal(open_picture(out / "seed0007.png").array, as_pixels(expected))


def test_without_psi_nothing_is_truncated(tmp_path: Path) -> None:
    model = model_file(tmp_path)
    sample(model, "--seeds", "3", "--npy", "--out", tmp_path / "plain")
    sample(model, "--seeds", "3", "--npy", "--psi", "1", "--out", tmp_path / "one")
    plain, one = (np.load(tmp_path / name / "seed0003.npy") for name in ("plain", "one"))
    assert np.array_equal(plain, one)


def test_random_noise_is_the_same_whatever_other_seeds_there_are(tmp_path: Path) -> None:
    model = model_file(tmp_path)
    for name, seeds in (("alone", "5"), ("among", "4-6")):
        sample(model, "--seeds", seeds, "--noise", "random", "--npy", "--out", tmp_path / name)
    alone, among = (np.load(tmp_path / name / "seed0005.npy") for name in ("alone", "among"))
    assert np.array_equal(alone, among)
    sample(model, "--seeds", "5", "--npy", "--out", tmp_path / "const")
    assert not np.array_equal(alone, np.load(tmp_path / "const" / "seed0005.npy"))


@pytest.mark.parametrize("space", ["w", "z"])
def test_the_animation_runs_through_the_seeds(tmp_path: Path, space: str) -> None:
    model = model_file(tmp_path)
    words = ("--interpolate", "--frames", "6", "--space", space, "--out", tmp_path / "o")
    assert sample(model, "--seeds", "1-3", *words) == 0
    with Image.open(tmp_path / "o" / "interpolation.webp") as animation:
        assert animation.n_frames == 6 and animation.info["loop"] == 0
        for index, seed in ((0, "0001"), (2, "0002"), (4, "0003")):
            animation.seek(index)
            still = open_picture(tmp_path / "o" / f"seed{seed}.png").array
            still = np.asarray(Image.fromarray(still).resize(animation.size))
            away = np.asarray(animation.convert("RGB")).astype(int) - still
            assert np.abs(away).mean() < 12  # WebP is lossy


def test_the_mixing_grid_has_a_row_and_a_column_for_each_seed(tmp_path: Path) -> None:
    model = model_file(tmp_path)
    words = ("--seeds", "0-1", "--mix-columns", "5-7", "--mix-rows", "0-2,4")
    assert sample(model, *words, "--out", tmp_path / "o") == 0
    width, height = open_picture(tmp_path / "o" / "mixing.png").size
    assert width == 4 * (256 + 4) + 4 and 3 * 128 < height < 3 * 170


def test_all_rows_from_the_column_give_the_column(tmp_path: Path) -> None:
    words = ("--seeds", "0,1", "--mix", "--mix-rows", "0-7", "--noise", "none")
    assert sample(model_file(tmp_path), *words, "--out", tmp_path / "o") == 0
    sheet = open_picture(tmp_path / "o" / "mixing.png").array
    pitch = (len(sheet) - 4) // 2
    tiles = [sheet[4 + row * pitch :, 264:520][:128] for row in (0, 1)]
    assert np.array_equal(*tiles)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--seeds", "a"), "not a list of numbers"),
        (("--seeds", "-3"), "not a list of numbers"),
        (("--seeds", "0-99999"), "too many"),
        (("--seeds", "4294967296"), "too large"),
        (("--seeds", "1", "--psi", "nan"), "--psi"),
        (("--seeds", "1", "--label", "0"), "no classes"),
        (("--seeds", "1", "--mix"), "two seeds"),
        (("--seeds", "1,2", "--mix", "--mix-rows", "fine"), "too small"),
        (("--seeds", "1,2", "--mix-columns", "x"), "--mix-columns"),
        (("--seeds", "1", "--interpolate", "--frames", "0"), "--frames"),
        (("--seeds", "1", "--frames", "9"), "animation"),
        (("--seeds", "1", "--device", "toaster"), "toaster"),
        (("--seeds", "1", "--noise", "loud"), "loud"),
        ((), "--seeds"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    out = tmp_path / "out"
    assert sample(model_file(tmp_path), *words, "--out", out) == 2
    told = capsys.readouterr().err.splitlines()
    refusal = next(line for line in told if line.startswith("draggan: "))
    assert sentence in refusal and told[-1].startswith("  ")
    assert not out.exists()


def test_a_model_with_classes_says_which_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = model_file(tmp_path, c_dim=3)
    for words in ((), ("--label", "3")):
        assert sample(model, "--seeds", "1", *words, "--out", tmp_path / "o") == 2
        assert re.search(r"0 (?:to|-) 2", capsys.readouterr().err)
    assert sample(model, "--seeds", "1", "--label", "2", "--out", tmp_path / "o") == 0


def test_a_model_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sample("crittters", "--seeds", "1", "--out", tmp_path / "o") == 2
    assert "critters" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    assert sample(model_file(tmp_path), "--seeds", "1", "--out", tmp_path / "file") == 2
    assert "is a file" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"


def test_ctrl_c_leaves_whole_pictures_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["sample", str(model_file(tmp_path)), "--seeds", "0-4000", "--out", str(out)]
    process = subprocess.Popen(
        [sys.executable, "-c", f"from draggan.cli import main; raise SystemExit(main({words!r}))"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    while not (out / "seed0002.png").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130 and "Stopped" in told and "Traceback" not in told
    written = sorted(out.iterdir())
    assert 3 <= len(written) < 4000
    for path in written:
        assert re.fullmatch(r"seed\d{4}\.png", path.name)
        with Image.open(path) as image:
            image.load()

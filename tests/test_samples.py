"""The bank of samples: good starts, and a cache that may be lost, damaged or forbidden."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from draggan import samples
from draggan.generator import Generator, WeightDelta
from draggan.samples import SampleBank, bank
from draggan.stylegan2 import Architecture
from draggan.stylegan2_generator import StyleGAN2Generator
from tests.conftest import random_stylegan2

COUNT = 24


def drained(generator: Generator, count: int = COUNT) -> tuple[SampleBank, list[tuple[int, int]]]:
    steps, seen = bank(generator, count=count), []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return end.value, seen


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "draggan"


def test_making_a_bank_tells_how_far_it_is(tiny_generator: Any) -> None:
    _, seen = drained(tiny_generator)
    assert seen[-1] == (COUNT, COUNT) and len(seen) > 2


def test_the_second_time_nothing_is_rendered(tiny_generator: Any, cache: Path) -> None:
    first, _ = drained(tiny_generator)
    again, seen = drained(tiny_generator)
    assert not seen and len(list(cache.iterdir())) == 1
    assert torch.equal(first.ws, again.ws) and torch.equal(first.thumbnails, again.thumbnails)


def test_a_sample_is_its_own_nearest(tiny_generator: Any) -> None:
    made, _ = drained(tiny_generator)
    picture = tiny_generator.render(tiny_generator.sample([7])).clamp(-1, 1)
    assert torch.allclose(made.nearest(picture, torch.ones(1, 1, 32, 32), 1)[0], made.ws[7])


def test_the_nearest_is_found_by_the_part_that_weighs(tiny_generator: Any) -> None:
    made, _ = drained(tiny_generator)
    picture = tiny_generator.render(tiny_generator.sample([7])).clamp(-1, 1)
    weight = torch.ones(1, 1, 32, 32)
    weight[..., :16] = 0
    picture[..., :16] = 1
    assert torch.allclose(made.nearest(picture, weight, 1)[0], made.ws[7])


def test_the_estimate_is_nearer_than_the_mean() -> None:
    """Pictures that depend linearly on w: regression finds w of one that is not in the bank."""
    random = torch.Generator().manual_seed(0)
    ws = torch.randn(200, 8, generator=random)
    draw = torch.randn(8, 3 * 32 * 32, generator=random)
    draw = torch.nn.functional.avg_pool2d(draw.view(8, 3, 32, 32), 4)
    draw = torch.nn.functional.interpolate(draw, (32, 32)).flatten(1)
    made = SampleBank(ws[1:], (ws[1:] @ draw).view(-1, 3, 32, 32))
    picture, weight = (ws[:1] @ draw).view(1, 3, 32, 32), torch.ones(1, 1, 32, 32)
    assert (made.estimate(picture, weight) - ws[:1]).norm() < 0.1 * ws[:1].norm()
    weight[..., :20] = 0
    picture[..., :20] = 9
    assert (made.estimate(picture, weight) - ws[:1]).norm() < 0.4 * ws[:1].norm()


def test_a_damaged_copy_is_made_anew(tiny_generator: Any, cache: Path) -> None:
    drained(tiny_generator)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    for damage in (whole[:100], b"", whole[:-9] + b"\xff" * 9):
        file.write_bytes(damage)
        _, seen = drained(tiny_generator)
        assert seen and file.read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_done_without(
    tiny_generator: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    made, _ = drained(tiny_generator)
    assert len(made.ws) == COUNT


def test_another_generator_has_another_bank(tiny_generator: Any) -> None:
    name = "synthesis.b32.torgb.bias"
    other = tiny_generator.with_weights(WeightDelta({name: torch.full((3,), 0.5)}))
    first, second = (samples._fingerprint(g, COUNT) for g in (tiny_generator, other))
    assert first != second


@pytest.fixture(scope="module")
def larger() -> StyleGAN2Generator:
    """Large enough for small pictures of 32 px."""
    return StyleGAN2Generator(random_stylegan2(Architecture((8,) * 5, z_dim=8, w_dim=8)))


def test_what_makes_small_pictures_is_kept_with_the_samples(larger: StyleGAN2Generator) -> None:
    (first,) = drained(larger)[0].readouts
    (again,) = drained(larger)[0].readouts
    assert first.block == again.block == 32
    assert torch.equal(first.matrix, again.matrix)
    assert first.psnr == pytest.approx(again.psnr)


def test_a_readout_of_another_shape_is_made_anew(larger: StyleGAN2Generator, cache: Path) -> None:
    drained(larger)
    (path,) = cache.iterdir()
    tensors = load_file(path)
    tensors["readout.32"] = torch.zeros(2, 3)
    save_file(tensors, path)
    made, seen = drained(larger)
    assert seen and len(made.readouts[0].matrix) == 8 + 4

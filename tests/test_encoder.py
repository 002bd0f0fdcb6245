"""The encoder: what it sees, what it says, and which files it believes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from draggan import encoder_training
from draggan.checkpoint import load_generator
from draggan.disguises import disguised
from draggan.encoder import (
    SIDE,
    Encoder,
    EncoderNetwork,
    average_picture,
    encoder_for,
    save_encoder,
    starts,
    thumbnail,
)
from draggan.encoder_files import prepared_file, prepared_in_words, shipped_files
from draggan.encoder_training import Teaching, draw_lessons, draw_metric
from draggan.generator import WeightDelta
from draggan.losses import psnr


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "draggan"


@pytest.fixture
def kept(tiny_generator: Any) -> Path:
    """A file with an encoder of the tiny generator, that says something."""
    network = EncoderNetwork(tiny_generator.w_dim)
    torch.nn.init.normal_(network.head.weight, std=0.1)
    path = prepared_file(tiny_generator.name)
    save_encoder(network, tiny_generator, path)
    return path


PICTURE, WEIGHT = torch.rand(1, 3, 32, 32) * 2 - 1, torch.ones(1, 1, 32, 32)


def test_without_a_preparation_there_is_no_encoder(tiny_generator: Any) -> None:
    assert encoder_for(tiny_generator) is None
    assert starts(tiny_generator, PICTURE, WEIGHT) is None


def test_the_start_is_corrected_by_what_the_generator_shows(
    tiny_generator: Any, kept: Path
) -> None:
    encoder = encoder_for(tiny_generator)
    assert encoder is not None
    found = encoder.starts(PICTURE, WEIGHT)
    assert found.shape == (2, tiny_generator.w_dim)
    assert torch.equal(found[0], found[1])  # no regression has been solved yet
    torch.nn.init.normal_(encoder.network.plain, std=0.1)
    better, first = encoder.starts(PICTURE, WEIGHT)
    assert torch.equal(first, found[1]) and not torch.allclose(better, first)
    shown = tiny_generator.render(first.expand(1, tiny_generator.num_ws, -1)).clamp(-1, 1)
    again = encoder.starts(shown, torch.zeros(1, 1, 32, 32))  # nothing to correct by
    assert torch.equal(again[0], again[1])


def test_what_is_not_known_has_no_influence(tiny_generator: Any, kept: Path) -> None:
    encoder, weight, other = encoder_for(tiny_generator), WEIGHT.clone(), PICTURE.clone()
    assert encoder is not None
    weight[..., :12] = 0
    other[..., :12] = 1
    assert torch.equal(encoder.starts(PICTURE, weight), encoder.starts(other, weight))
    assert not torch.equal(encoder.starts(PICTURE, WEIGHT), encoder.starts(other, WEIGHT))


def test_a_network_gone_mad_still_gives_latents_that_the_generator_knows(
    tiny_generator: Any,
) -> None:
    network = EncoderNetwork(tiny_generator.w_dim)
    torch.nn.init.constant_(network.head.bias, 1e9)
    found = Encoder(tiny_generator, network).starts(PICTURE, WEIGHT)
    prior = tiny_generator.prior()
    v = (found - prior.mean) @ prior.roots()[1]
    assert torch.isfinite(found).all() and float(v.abs().max()) < 10


def test_a_damaged_or_foreign_file_is_none(tiny_generator: Any, kept: Path) -> None:
    whole, tensors = kept.read_bytes(), load_file(kept)
    first = "head.weight"
    forged = [
        {**tensors, first: tensors[first] * float("nan")},
        {**tensors, first: tensors[first][:, :-1].contiguous()},
        {k: v for k, v in tensors.items() if k != "linear"},
        {k: v for k, v in tensors.items() if k != "witnesses"},
        {**tensors, "witnesses": tensors["witnesses"] + 0.1},
        {**tensors, "witnesses": tensors["witnesses"] * float("nan")},
    ]
    for tensors in forged:
        save_file(tensors, kept)
        assert encoder_for(tiny_generator) is None
    for damage in (whole[:100], b"", b"\xff" * 99, whole[:-9]):
        kept.write_bytes(damage)
        assert encoder_for(tiny_generator) is None
    kept.write_bytes(whole)
    assert encoder_for(tiny_generator) is not None


def test_the_encoder_of_a_model_that_was_replaced_is_not_used(
    tiny_generator: Any, kept: Path
) -> None:
    name = "synthesis.b32.torgb.bias"
    other = tiny_generator.with_weights(WeightDelta({name: torch.full((3,), 0.5)}))
    assert encoder_for(other) is None


class Lesson:
    """A generator with what its encoder is taught by, and a judge of it."""

    def __init__(self, generator: Any) -> None:
        random = torch.Generator().manual_seed(0)
        (*_, self.metric) = draw_metric(generator, 32, random)
        self.samples, self.unseen = (draw_lessons(generator, n, random) for n in (256, 32))
        self.teaching = Teaching(generator, self.metric)

    def error(self) -> float:
        """Of unseen samples, by what can be seen; that of always saying the mean is 1."""
        network, wanted = self.teaching.average, self.unseen.v
        seen, known = self.unseen.pictures.float() / 127.5 - 1, torch.ones(32, 1, SIDE, SIDE)
        with torch.no_grad():
            off = network(seen, known) - wanted
        return float(((off @ self.metric) * off).mean() / ((wanted @ self.metric) * wanted).mean())


def test_regression_alone_says_about_where_samples_lie(tiny_generator: Any) -> None:
    lesson = Lesson(tiny_generator)
    assert lesson.error() > 0.99
    for _ in range(8):
        lesson.teaching.read(lesson.samples)
    lesson.teaching.solve(lesson.samples)
    assert lesson.error() < 0.8


def test_steps_teach_more_and_more(tiny_generator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, small in {"BATCH": 16, "WARM_UP": 8}.items():
        monkeypatch.setattr(encoder_training, name, small)
    lesson = Lesson(tiny_generator)
    for _ in range(40):
        lesson.teaching.step(lesson.samples, rate=1.0)
    assert lesson.error() < 0.9 and lesson.teaching.steps == 40
    assert 0 < lesson.teaching.loss < 2


def test_what_counts_is_what_can_be_seen(tiny_generator: Any) -> None:
    """Directions of v that change the pictures more weigh more."""
    random = torch.Generator().manual_seed(0)
    (*_, metric) = draw_metric(tiny_generator, 128, random)
    prior = tiny_generator.prior()
    values, vectors = torch.linalg.eigh(metric)
    assert float(values[0]) > 0 and torch.allclose(metric, metric.t(), atol=1e-4)
    lessons = draw_lessons(tiny_generator, 16, random)

    def seen(direction: torch.Tensor) -> float:
        w = prior.mean + torch.stack((lessons.v, lessons.v + 0.1 * direction)) @ prior.roots()[0]
        ws = w.flatten(0, 1)[:, None].expand(-1, tiny_generator.num_ws, -1)
        before, after = tiny_generator.render(ws).split(16)
        return float((after - before).square().mean())

    assert seen(vectors[:, -1]) > 3 * seen(vectors[:, 0])


def test_samples_lie_where_their_pictures_say(tiny_generator: Any) -> None:
    lessons = draw_lessons(tiny_generator, 4, torch.Generator().manual_seed(0))
    prior = tiny_generator.prior()
    ws = (prior.mean + lessons.v @ prior.roots()[0])[:, None].expand(-1, tiny_generator.num_ws, -1)
    pictures = tiny_generator.render(ws).clamp(-1, 1)
    small = torch.nn.functional.avg_pool2d(lessons.pictures.float() / 127.5 - 1, 2)
    assert float((small - pictures).abs().mean()) < 0.1
    assert average_picture(tiny_generator).shape == (1, 3, SIDE, SIDE)


def test_a_thumbnail_of_something_half_transparent_keeps_its_colours() -> None:
    picture, weight = torch.full((1, 3, 128, 128), 0.5), torch.ones(1, 1, 128, 128)
    picture[..., ::2] = 9.0
    weight[..., ::2] = 0
    seen, known = thumbnail(picture, weight)
    assert torch.allclose(seen, torch.tensor(0.5)) and torch.allclose(known, torch.tensor(0.5))


def test_disguises_change_much_but_leave_some_pictures_as_they_are() -> None:
    random = torch.Generator().manual_seed(0)
    line = torch.linspace(-0.5, 0.5, SIDE)
    pictures = line.expand(64, 3, SIDE, SIDE).clone()
    seen, weight = disguised(pictures, -pictures, random)
    change = (seen - pictures).abs().mean((1, 2, 3))
    assert seen.shape == pictures.shape and weight.shape == (64, 1, SIDE, SIDE)
    assert float(seen.abs().max()) <= 1 and torch.isfinite(seen).all()
    assert 4 <= int((change < 1e-6).sum()) <= 30 and int((change > 0.05).sum()) > 20
    hidden = weight == 0
    assert 4 <= int(hidden.flatten(1).any(1).sum()) <= 40
    assert not seen[hidden.expand_as(seen)].any()


def test_the_default_model_comes_with_its_encoder() -> None:
    """It says more about a picture of the model than regression over the sample bank did."""
    generator = load_generator()
    encoder = encoder_for(generator)
    assert encoder is not None and shipped_files()[0].stat().st_size <= 1 << 20
    assert prepared_in_words(generator.name).startswith("yes")
    values = []
    for seed in range(900, 904):
        with torch.no_grad():
            picture = generator.render(generator.sample([seed])).clamp(-1, 1)
            found = encoder.starts(picture, torch.ones(1, 1, 128, 128))[:1]
            shown = generator.render(found[:, None].expand(-1, generator.num_ws, -1))
        values.append(float(psnr(shown, picture)))
    assert sum(values) / len(values) > 21  # dB; regression over the bank: 19.5

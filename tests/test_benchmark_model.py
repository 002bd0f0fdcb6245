"""Held-out figures of a model that draws critters."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
import torch

from draggan.benchmark import model
from draggan.critters import columns_of, render
from draggan.errors import BadInput
from draggan.pictures import open_picture
from draggan.stylegan2 import Architecture
from draggan.stylegan2_generator import StyleGAN2Generator
from draggan.training.lessons import mixed_parameters

from .conftest import random_stylegan2


@pytest.fixture
def untaught() -> StyleGAN2Generator:
    """A random 32 px network with a latent of the right length."""
    architecture = Architecture(
        channels=(16, 16, 12, 8), z_dim=32, w_dim=16, mapping_layers=2, mapping_lr=0.1
    )
    return StyleGAN2Generator(random_stylegan2(architecture), name="untaught")


def test_half_of_the_animals_are_style_mixed(untaught: StyleGAN2Generator) -> None:
    report = model.report_on(model.draw_pairs(untaught, 6), name="untaught")
    assert (report.all.count, report.pure.count, report.mixed.count) == (6, 3, 3)
    assert report.size == 32


def test_figures_agree_with_their_definition(untaught: StyleGAN2Generator) -> None:
    pairs = model.draw_pairs(untaught, 4)
    report = model.report_on(pairs, name="untaught")
    away = pairs.drawn.clamp(-1, 1) - pairs.truth
    decibels = 10 * torch.log10(4 / away.square().mean((1, 2, 3)))
    assert report.all.psnr == pytest.approx(decibels.mean().item(), abs=1e-3)
    assert report.all.psnr_lowest == pytest.approx(decibels.min().item(), abs=1e-3)
    assert report.mixed.psnr == pytest.approx(decibels[1::2].mean().item(), abs=1e-3)
    assert report.pure.mae == pytest.approx(away[0::2].abs().mean().item(), abs=1e-4)


def test_the_same_animals_are_drawn_every_time(untaught: StyleGAN2Generator) -> None:
    first, second = model.draw_pairs(untaught, 2), model.draw_pairs(untaught, 2)
    assert torch.equal(first.truth, second.truth)
    assert not torch.equal(first.truth, model.draw_pairs(untaught, 2, seed=5).truth)


def test_a_mixed_animal_has_the_shapes_of_one_latent_and_the_colours_of_the_other() -> None:
    z = torch.randn(2, 1, 32, generator=torch.Generator().manual_seed(0))
    mixed, shape, colour = (mixed_parameters(*ends) for ends in ((*z,), (z[0],) * 2, (z[1],) * 2))
    assert torch.equal(mixed[:, columns_of("colour")], colour[:, columns_of("colour")])
    assert torch.equal(render(mixed, 16).landmarks, render(shape, 16).landmarks)


def test_a_model_that_was_not_taught_on_critters_is_refused(
    tiny_generator: StyleGAN2Generator,
) -> None:
    with pytest.raises(BadInput, match="does not draw critters"):
        model.draw_pairs(tiny_generator, 4)


def test_a_single_animal_is_too_few(untaught: StyleGAN2Generator) -> None:
    with pytest.raises(BadInput):
        model.draw_pairs(untaught, 1)


def test_the_sheet_shows_pairs_side_by_side() -> None:
    drawn, truth = -torch.ones(8, 3, 16, 16), torch.ones(8, 3, 16, 16)
    sheet = model.contact_sheet(model.Pairs(drawn, truth))
    assert sheet.shape == (2 * 16, 4 * 32, 3)
    assert sheet[0, 0, 0] == 0 and sheet[0, 16, 0] == 255


@pytest.mark.slow
def test_the_command_measures_the_embedded_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    model.add_arguments(parser)
    sheet = tmp_path / "sheet.png"
    words = ["--count", "4", "--sheet", str(sheet), "--json", str(tmp_path / "rows.json")]
    assert model.run_command(parser.parse_args(words)) == 0
    assert "PSNR" in capsys.readouterr().out
    assert open_picture(sheet).size == (4 * 256, 128)
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert [row["kind"] for row in rows] == ["pure", "mixed", "all"]
    assert rows[2]["psnr"] > 25  # the model is a good one

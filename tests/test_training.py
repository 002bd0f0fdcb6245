"""Training: lessons are true, a few steps teach something, and a run goes on where it stopped."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from draggan.checkpoint import load_generator
from draggan.critters import columns_of, to_unit, unit_from_latent
from draggan.errors import BadCheckpoint, BadInput
from draggan.training import command
from draggan.training.adversarial import finish
from draggan.training.lessons import draw_lesson, mixed_parameters, mixed_ws
from draggan.training.loss import face_weight, psnr, regression_loss
from draggan.training.muon import orthogonalise
from draggan.training.recipe import Recipe, Stage
from draggan.training.regression import Regression, draw
from draggan.training.saved import resume_run, save_run

CPU = torch.device("cpu")
TINY = Recipe(stages=(Stage(16, 0.02, 4), Stage(32, 0.02, 4)), channel_base=256, channel_max=16)


def lesson(batch: int = 4, size: int = 32, seed: int = 0):
    g = torch.Generator().manual_seed(seed)
    return draw_lesson(batch, size, z_dim=32, mixing=0.5, generator=g, device=CPU)


def test_mixing_takes_shapes_from_one_latent_and_colours_from_the_other():
    shape, colour = torch.randn(2, 3, 32)
    unit = to_unit(mixed_parameters(shape, colour))
    colours = columns_of("colour")
    shapes = [i for i in range(31) if i not in colours]
    torch.testing.assert_close(unit[:, shapes], unit_from_latent(shape)[:, shapes])
    torch.testing.assert_close(unit[:, colours], unit_from_latent(colour)[:, colours])
    ws = mixed_ws(torch.zeros(2, 5), torch.ones(2, 5), 10)
    assert ws.shape == (2, 10, 5)
    assert (ws[:, :6] == 0).all() and (ws[:, 6:] == 1).all()


def test_the_loss_is_zero_for_the_truth_and_counts_eyes_more_than_background():
    scene = lesson().scene
    assert regression_loss(scene.image, scene) == 0
    weight = face_weight(scene)
    assert weight.max() > 3 and weight[:, :, 0, 0].max() < 1.5


def test_psnr_of_a_known_error():
    truth = torch.zeros(1, 3, 8, 8)
    assert psnr(truth + 0.2, truth).item() == pytest.approx(20.0, abs=1e-4)


@pytest.mark.parametrize("shape", [(8, 20), (20, 8)])
def test_orthogonalising_levels_the_singular_values(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalise(matrix))
    assert values.min() > 0.5 and values.max() < 1.5


def test_a_few_steps_teach_the_generator_something():
    run = Regression(TINY, device=CPU)
    fixed = lesson(size=16)
    with torch.no_grad():
        before = regression_loss(draw(run.network, fixed)[0], fixed.scene)
    run._set_lr(5e-3)
    for seed in range(40):
        run.learn(lesson(8, 16, seed=seed + 1))
    with torch.no_grad():
        after = regression_loss(draw(run.network, fixed)[0], fixed.scene)
    assert after < 0.7 * before


def test_a_run_goes_through_its_stages_and_says_where_it_is():
    steps = list(Regression(TINY, device=CPU).run())
    assert {s.stage for s in steps[:-1]} == {0, 1}
    assert steps[-1].done and steps[-1].images == sum(4 for _ in steps[:-1])


def test_a_saved_run_goes_on_where_it_stopped(tmp_path):
    recipe = replace(TINY, stages=(Stage(16, 60, 4),))
    run = Regression(recipe, device=CPU)
    for progress in run.run():
        if progress.images >= 12:
            break
    save_run(run, tmp_path / "run.safetensors")
    again = resume_run(recipe, tmp_path / "run.safetensors", device=CPU)
    assert again.progress == run.progress and again.steps == run.steps
    for a, b in zip(again.network.parameters(), run.network.parameters(), strict=True):
        assert torch.equal(a, b)
    for a, b in ((again.muon, run.muon), (again.adam, run.adam)):
        for p, q in zip(a.param_groups[0]["params"], b.param_groups[0]["params"], strict=True):
            for key, value in b.state[q].items():
                assert torch.equal(torch.as_tensor(a.state[p][key]), torch.as_tensor(value))


def test_other_stages_start_over_with_the_saved_weights(tmp_path):
    run = Regression(TINY, device=CPU)
    save_run(run, tmp_path / "run.safetensors")
    longer = replace(TINY, stages=(Stage(32, 1.0, 4),))
    again = resume_run(longer, tmp_path / "run.safetensors", device=CPU)
    assert again.progress.stage == 0 and again.progress.seconds == 0


@pytest.mark.parametrize("content", ["foreign", "other network", "nothing"])
def test_a_file_that_cannot_be_resumed_is_refused_in_words(tmp_path, content):
    path = tmp_path / "run.safetensors"
    if content == "foreign":
        save_file({"x": torch.zeros(1)}, path)
    if content == "other network":
        save_run(Regression(replace(TINY, channel_max=8), device=CPU), path)
    with pytest.raises(BadCheckpoint, match="run"):
        resume_run(TINY, path, device=CPU)


@pytest.mark.parametrize("text", ["128", "128:x", "100:5", "64:-1", "64:1:0", "64:1:4:0"])
def test_a_stage_that_cannot_be_read_is_refused(text):
    with pytest.raises(BadInput, match="stage"):
        Stage.parse(text)


def test_the_adversarial_finish_trains_and_reports(monkeypatch):
    monkeypatch.setattr("draggan.training.adversarial.REPORT_EVERY", 0.0)
    recipe = replace(
        TINY, stages=(Stage(16, 0.01, 4),), adversarial_minutes=0.02, adversarial_batch=4
    )
    run = Regression(recipe, device=CPU)
    before = [p.detach().clone() for p in run.network.parameters()]
    lines = list(finish(run))
    assert lines and "adversarial" in lines[0]
    after = run.network.parameters()
    assert any(not torch.equal(a, b) for a, b in zip(after, before, strict=True))


def test_the_command_leaves_a_model_that_loads(tmp_path, capsys):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    args = parser.parse_args(
        ["--out", str(tmp_path), "--stages", "16:0.02:4", "--channel-base", "256",
         "--channel-max", "16", "--device", "cpu"]
    )  # fmt: skip
    assert command.run_command(args) == 0
    generator = load_generator(tmp_path / "critters.safetensors")
    assert generator.width == 16
    with safe_open(tmp_path / "critters.safetensors", framework="numpy") as file:
        assert "held_out_psnr" in json.loads(file.metadata()["card"])
    assert "draggan bench model" in capsys.readouterr().out
